import type { Backend, LoadBalancerService, NodeName, Problem } from '@fairlead/cluster';
import { listValues } from './list-values.ts';

/**
 * Tells of backends that no node lands: kube-proxy serves them, as it would without us, and unless it does
 * so on their own node their pods see a node's address instead of the client's.
 */
export function lostClients(
  service: LoadBalancerService,
  backends: readonly Backend[],
  knownNodes: ReadonlySet<NodeName>,
  landingNodes: ReadonlySet<NodeName>,
): readonly Problem[] {
  const nameless = new Set<string>();
  const unknown = new Set<string>();
  const deaf = new Set<string>();
  for (const { address, node } of backends) {
    if (node === undefined) nameless.add(address);
    else if (!knownNodes.has(node)) unknown.add(node);
    else if (!landingNodes.has(node)) deaf.add(node);
  }
  return [
    problem('endpoints', nameless, 'These endpoints name no node', 'Set their nodeName.'),
    problem(
      'endpoints.nodeName',
      unknown,
      'No such node',
      'Correct the nodeName, or add the Node.',
    ),
    problem('endpoints.nodeName', deaf, 'No agent lands packets on this node', 'Run one there.'),
  ].filter((each) => each !== undefined);

  function problem(field: string, values: ReadonlySet<string>, cause: string, remedy: string) {
    if (values.size === 0) return undefined;
    return {
      object: `Service/${service.key}`,
      field,
      value: listValues(values),
      message: `${cause}: kube-proxy serves the endpoints there, and their pods do not see the client's address. ${remedy}`,
    };
  }
}
