import type { AddressConflict } from '@fairlead/announce';
import type { Problem, ServiceKey } from '@fairlead/cluster';

/** What a person has to do about a foreign host that uses the address of a Service. */
export function conflictProblem(
  service: ServiceKey,
  interfaceName: string,
  { address, mac }: Pick<AddressConflict, 'address' | 'mac'>,
): Problem {
  return {
    object: `Service/${service}`,
    field: 'status.loadBalancer.ingress',
    value: address,
    message: `The host with MAC address ${mac} uses it too, seen on ${interfaceName}, so it is not announced. Take it from that host, or request another one for the Service and take it out of the pool.`,
  };
}
