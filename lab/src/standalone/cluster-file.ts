import type { Node, Pod } from '../node.ts';

export interface ServiceOptions {
  readonly name: string;
  readonly pods: readonly Pod[];
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

export interface ClusterFileContents {
  readonly clusterId: string;
  readonly keyFile: string;
  readonly nodes: readonly Node[];
  /** Ranges or prefixes of the one pool. */
  readonly pool: readonly string[];
  readonly services: readonly ServiceOptions[];
  /** Nodes that shall own no address: labelled as Kubernetes has it for load balancers. */
  readonly excludedNodes?: readonly Node[] | undefined;
  /** Further objects, as they stand in a file. */
  readonly more?: readonly object[] | undefined;
}

const defaultPorts: readonly PortOptions[] = [
  { protocol: 'TCP', port: 80, targetPort: 8080 },
  { protocol: 'UDP', port: 80, targetPort: 8080 },
];

/** By which Announcements name a node. */
const hostLabel = 'kubernetes.io/hostname';
const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** The objects of a standalone cluster as text: YAML, of which JSON is a part. */
export function clusterFileText(contents: ClusterFileContents): string {
  const objects = [
    own('Cluster', 'lab', { clusterId: contents.clusterId, keyFile: contents.keyFile }),
    own('AddressPool', 'lan', { addresses: contents.pool }),
    ...contents.nodes.map((node) => nodeObject(node, contents.excludedNodes?.includes(node))),
    ...contents.services.flatMap((service) => [
      serviceObject(service),
      ...sliceObjects(service),
      ...preference(service),
    ]),
    ...(contents.more ?? []),
  ];
  return objects.map((object) => JSON.stringify(object, undefined, 2)).join('\n---\n');
}

function own(kind: string, name: string, spec: object): object {
  return { apiVersion: 'fairlead.dev/v1alpha1', kind, metadata: { name }, spec };
}

function nodeObject(node: Node, excluded = false): object {
  const addresses = node.nics.flatMap((nic) => nic.addresses);
  const labels = { [hostLabel]: node.name, ...(excluded && { [excludeLabel]: '' }) };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node.name, labels },
    status: { addresses: addresses.map(({ address }) => ({ type: 'InternalIP', address })) },
  };
}

function serviceObject(service: ServiceOptions): object {
  const { name, policy = 'Cluster', ports = defaultPorts, addresses, affinitySeconds } = service;
  const affinity = {
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: affinitySeconds } },
  };
  const annotations = addresses && { 'fairlead.dev/addresses': addresses.join(',') };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'default',
      labels: { app: name },
      ...(annotations && { annotations }),
    },
    spec: {
      type: 'LoadBalancer',
      externalTrafficPolicy: policy,
      ipFamilyPolicy: 'PreferDualStack',
      ipFamilies: ['IPv4', 'IPv6'],
      ports: ports.map(({ protocol, port, targetPort }) => {
        return { name: portName({ protocol, port }), protocol, port, targetPort };
      }),
      ...(service.sourceRanges && { loadBalancerSourceRanges: service.sourceRanges }),
      ...(affinitySeconds === undefined ? {} : affinity),
    },
  };
}

function preference({ name, preferredNode }: ServiceOptions): object[] {
  if (preferredNode === undefined) return [];
  const serviceSelector = { matchLabels: { app: name } };
  const preferredNodes = { matchLabels: { [hostLabel]: preferredNode } };
  return [own('Announcement', name, { serviceSelector, preferredNodes })];
}

function sliceObjects({ name, pods, ports = defaultPorts }: ServiceOptions): object[] {
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

function portName({ protocol, port }: Pick<PortOptions, 'protocol' | 'port'>): string {
  return `${protocol.toLowerCase()}-${port}`;
}
