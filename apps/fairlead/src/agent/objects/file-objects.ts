import { allocate } from '@fairlead/allocate';
import { watchClusterFile } from '@fairlead/cluster';
import type { ObjectSource } from './object-source.ts';

/** The objects of a standalone file: all agents read the same and decide the same, allocation included. */
export function fileObjects(file: string, requireClass: boolean): ObjectSource {
  return {
    name: file,
    follow: (onUpdate, signal) => watchClusterFile(file, onUpdate, signal, { requireClass }),
    allocations: (state) => allocate(state),
    // Every node of the file runs an agent that lands.
    landingNodes: (state) => new Set(state.nodes.map(({ name }) => name)),
    fresh: true,
  };
}
