import type {
  Allocations,
  ClusterState,
  Endpoint,
  LoadBalancerService,
  NodeName,
  ServiceKey,
  ServicePort,
} from '@fairlead/cluster';
import { sampleService } from '@fairlead/cluster/testing';
import { parseAddress, type IpAddress } from '@fairlead/ip';

export const node = (name: string) => name as NodeName;

export function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new RangeError(`not an address: ${text}`);
  return parsed;
}

const http: ServicePort = { name: '', protocol: 'TCP', port: 80 };

/** A pod's address `10.244.x.y` or `fd00:244::y` on a node, offering the ports. */
export function endpoint(
  pod: string,
  on: string | undefined,
  changes: Partial<Endpoint> = {},
): Endpoint {
  return {
    address: address(pod),
    node: on === undefined ? undefined : node(on),
    ready: true,
    serving: true,
    terminating: false,
    ports: [http],
    ...changes,
  };
}

/** A Service `default/NAME` on TCP port 80. */
export function service(
  name: string,
  endpoints: readonly Endpoint[],
  changes: Partial<LoadBalancerService> = {},
): LoadBalancerService {
  return sampleService(name, { ports: [http], endpoints, ...changes });
}

/** A cluster of ready nodes. */
export function cluster(
  nodes: readonly string[],
  services: readonly LoadBalancerService[],
): ClusterState {
  return {
    clusterId: 'test',
    nodes: nodes.map((name) => ({
      name: node(name),
      labels: {},
      addresses: [],
      ready: true,
      excluded: false,
    })),
    services,
    pools: [],
    announcements: [],
    problems: [],
  };
}

/** Addresses by name of the Service. */
export function allocated(addresses: Readonly<Record<string, readonly string[]>>): Allocations {
  return new Map(
    Object.entries(addresses).map(([name, texts]) => [
      `default/${name}` as ServiceKey,
      {
        addresses: texts.map((text) => ({ address: address(text), pool: 'pool' })),
        problems: [],
      },
    ]),
  );
}
