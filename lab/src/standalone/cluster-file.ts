import { endpointSlicesOf, type ServiceBehindPods } from '../cluster/endpoint-slices.ts';
import {
  fairleadObject,
  hostLabel,
  poolOf,
  preferenceOf,
  serviceOf,
} from '../cluster/service-options.ts';
import type { Node } from '../node.ts';

export interface ClusterFileContents {
  readonly clusterId: string;
  readonly keyFile: string;
  readonly nodes: readonly Node[];
  /** Ranges or prefixes of the one pool. */
  readonly pool: readonly string[];
  readonly services: readonly ServiceBehindPods[];
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
      ...endpointSlicesOf(service),
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
