import type { EndpointSlice } from 'kubernetes-types/discovery/v1.d.ts';
import type { Pod } from '../node.ts';
import { defaultPorts, portName, type ServiceOptions } from './service-options.ts';

/** A Service with the pods behind it, where nobody finds them by a selector. */
export interface ServiceBehindPods extends ServiceOptions {
  readonly pods: readonly Pod[];
}

/** One slice of each family. */
export function endpointSlicesOf({
  name,
  pods,
  ports = defaultPorts,
}: ServiceBehindPods): readonly EndpointSlice[] {
  return (['IPv4', 'IPv6'] as const).map((addressType) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${addressType.toLowerCase()}`,
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType,
    endpoints: pods.flatMap((pod) =>
      pod.addresses
        .filter((address) => address.includes(':') === (addressType === 'IPv6'))
        .map((address) => ({
          addresses: [address],
          nodeName: pod.node.name,
          conditions: { ready: true },
        })),
    ),
    ports: ports.map(({ protocol, port, targetPort }) => ({
      name: portName({ protocol, port }),
      protocol,
      port: targetPort,
    })),
  }));
}
