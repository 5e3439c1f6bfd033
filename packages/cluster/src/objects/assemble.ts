import type { ClusterState, Problem } from '../state.ts';
import type { ClusterObject } from './read-object.ts';
import { StateAssembly } from './state-assembly.ts';

/**
 * The state that the objects make together. The order in which they come does not matter, but for pools
 * that do not say when they were made: of those that overlap the first in the list keeps the addresses.
 */
export function assembleState(
  clusterId: string,
  objects: readonly ClusterObject[],
  problems: readonly Problem[],
): ClusterState {
  const assembly = new StateAssembly();
  for (const object of objects) assembly.set(object);
  return assembly.state(clusterId, problems);
}
