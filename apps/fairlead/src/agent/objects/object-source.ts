import type { Allocations, ClusterState, NodeName, SourceUpdate } from '@fairlead/cluster';

/** Where an agent's objects come from, and what follows from that for its decisions. */
export interface ObjectSource {
  /** For people: a file's path, or the API server's address. */
  readonly name: string;
  /** Calls back with what there is, and again whenever it changes; resolves when the signal aborts. */
  follow(onUpdate: (update: SourceUpdate) => void, signal: AbortSignal): Promise<void>;
  /** Pure. */
  allocations(state: ClusterState): Allocations;
  /** Nodes whose agent lands packets that are handed to it. Pure. */
  landingNodes(state: ClusterState): ReadonlySet<NodeName>;
  /** Whether what was told last is what there is: false while the source cannot be heard. */
  readonly fresh: boolean;
}
