import { ECHO_PORT } from '../measure/witness.ts';
import { serviceObject } from '../kubernetes/objects.ts';

/** A Service of type LoadBalancer in a lab, in both families. */
export interface ServiceOptions {
  readonly name: string;
  /** Default `Cluster`. */
  readonly policy?: 'Cluster' | 'Local' | undefined;
  /** Where the pods listen; default TCP and UDP 8080, offered as 80. */
  readonly ports?: readonly PortOptions[] | undefined;
  /** Asks for these addresses; default one of each family. */
  readonly addresses?: readonly string[] | undefined;
  readonly sourceRanges?: readonly string[] | undefined;
  readonly affinitySeconds?: number | undefined;
  /** The node that shall answer for its addresses while it is live. */
  readonly preferredNode?: string | undefined;
}

export interface PortOptions {
  readonly protocol: 'TCP' | 'UDP';
  readonly port: number;
  readonly targetPort: number;
}

export const defaultPorts: readonly PortOptions[] = [
  { protocol: 'TCP', port: 80, targetPort: 8080 },
  { protocol: 'UDP', port: 80, targetPort: 8080 },
];

/** What a witness needs: answers as to whom the pod sees at 80, and an echo. */
export const witnessedPorts: readonly PortOptions[] = (['TCP', 'UDP'] as const).flatMap(
  (protocol) => [
    { protocol, port: 80, targetPort: 8080 },
    { protocol, port: ECHO_PORT, targetPort: 9090 },
  ],
);

/** Of addresses that the labs' nodes have on their LAN's subnets. */
export const defaultPool = ['192.0.2.100-192.0.2.199', '2001:db8::1:0/112'] as const;

/** By which Announcements name a node. */
export const hostLabel = 'kubernetes.io/hostname';

export function portName({ protocol, port }: Pick<PortOptions, 'protocol' | 'port'>): string {
  return `${protocol.toLowerCase()}-${port}`;
}

/** The Service as an object. */
export function serviceOf(options: ServiceOptions) {
  const { name, policy, ports = defaultPorts, addresses, sourceRanges, affinitySeconds } = options;
  return serviceObject({
    name,
    labels: { app: name },
    ports: ports.map(({ protocol, port, targetPort }) => {
      return { name: portName({ protocol, port }), protocol, port, targetPort };
    }),
    annotations: addresses && { 'fairlead.dev/addresses': addresses.join(',') },
    externalTrafficPolicy: policy,
    families: ['IPv4', 'IPv6'],
    spec: {
      ipFamilyPolicy: 'PreferDualStack',
      ...(sourceRanges && { loadBalancerSourceRanges: [...sourceRanges] }),
      ...(affinitySeconds === undefined
        ? {}
        : {
            sessionAffinity: 'ClientIP',
            sessionAffinityConfig: { clientIP: { timeoutSeconds: affinitySeconds } },
          }),
    },
  });
}

/** The Announcement by which a Service prefers a node, where it does. */
export function preferenceOf({ name, preferredNode }: ServiceOptions) {
  if (preferredNode === undefined) return undefined;
  return fairleadObject('Announcement', name, {
    serviceSelector: { matchLabels: { app: name } },
    preferredNodes: { matchLabels: { [hostLabel]: preferredNode } },
  });
}

/** The pool that all take addresses from unless they say otherwise. */
export function poolOf(addresses: readonly string[], name = 'lan') {
  return fairleadObject('AddressPool', name, { addresses });
}

/** An object of group fairlead.dev. */
export function fairleadObject(kind: string, name: string, spec: object) {
  return { apiVersion: 'fairlead.dev/v1alpha1', kind, metadata: { name }, spec };
}
