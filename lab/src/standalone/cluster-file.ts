import {
  defaultPorts,
  fairleadObject,
  hostLabel,
  poolOf,
  portName,
  preferenceOf,
  serviceOf,
  type ServiceOptions,
} from '../cluster/service-options.ts';
import type { Node, Pod } from '../node.ts';

/** A Service with the pods behind it, which a file has to name. */
interface FileService extends ServiceOptions {
  readonly pods: readonly Pod[];
}

export interface ClusterFileContents {
  readonly clusterId: string;
  readonly keyFile: string;
  readonly nodes: readonly Node[];
  /** Ranges or prefixes of the one pool. */
  readonly pool: readonly string[];
  readonly services: readonly FileService[];
  /** Nodes that shall own no address: labelled as Kubernetes has it for load balancers. */
  readonly excludedNodes?: readonly Node[] | undefined;
  /** Further objects, as they stand in a file. */
  readonly more?: readonly object[] | undefined;
}

const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** The objects of a standalone cluster as text: YAML, of which JSON is a part. */
export function clusterFileText(contents: ClusterFileContents): string {
  const objects = [
    fairleadObject('Cluster', 'lab', { clusterId: contents.clusterId, keyFile: contents.keyFile }),
    poolOf(contents.pool),
    ...contents.nodes.map((node) => nodeObject(node, contents.excludedNodes?.includes(node))),
    ...contents.services.flatMap((service) => [
      serviceOf(service),
      ...sliceObjects(service),
      ...[preferenceOf(service)].filter((announcement) => announcement !== undefined),
    ]),
    ...(contents.more ?? []),
  ];
  return objects.map((object) => JSON.stringify(object, undefined, 2)).join('\n---\n');
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

function sliceObjects({ name, pods, ports = defaultPorts }: FileService): object[] {
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
