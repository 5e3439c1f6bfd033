import { createHash } from 'node:crypto';
import type { Backend, NodeName } from '@fairlead/cluster';
import type { Candidate, TableKey } from './plan.ts';

/**
 * The candidates for these backends, in order of node: each node that lands with as much weight as it has
 * backends, and kube-proxy with the weight of all the others.
 */
export function gatherCandidates(
  backends: readonly Backend[],
  landingNodes: ReadonlySet<NodeName>,
): readonly Candidate[] {
  const weights = new Map<NodeName | undefined, number>();
  for (const { node } of unique(backends)) {
    const lands = node !== undefined && landingNodes.has(node) ? node : undefined;
    weights.set(lands, (weights.get(lands) ?? 0) + 1);
  }
  return Array.from(weights, ([node, weight]) => ({ node, weight })).sort(byNode);
}

/** Equal for equal lists of candidates. */
export function tableKey(candidates: readonly Candidate[]): TableKey {
  const text = JSON.stringify(candidates.map(({ node, weight }) => [node ?? '', weight]));
  return createHash('sha256').update(text).digest('hex').slice(0, 32) as TableKey;
}

/** EndpointSlices may name one pod twice while it moves from one to another. */
function unique(backends: readonly Backend[]): Iterable<Backend> {
  return new Map(backends.map((each) => [`${each.address} ${each.port}`, each])).values();
}

/** By code units, kube-proxy (which has no name) first: rendezvous settles ties in this order. */
function byNode(a: Candidate, b: Candidate): number {
  const [left, right] = [a.node ?? '', b.node ?? ''];
  return left < right ? -1 : Number(left > right);
}
