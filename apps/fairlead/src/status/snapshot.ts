import type { Problem, TrafficPolicy } from '@fairlead/cluster';

/** What is so, as somebody sees it: an agent, or whoever reads the API server's objects. Ages in milliseconds. */
export interface StatusSnapshot {
  readonly version: string;
  /** The node whose agent says so; undefined where the objects do. */
  readonly node: string | undefined;
  readonly clusterId: string;
  /** Where the cluster's objects come from: a file's path, or the API server's address. */
  readonly source: string;
  /** Of the agent. */
  readonly uptimeMs: number | undefined;
  readonly services: readonly ServiceStatus[];
  readonly nodes: readonly NodeStatus[];
  readonly segments: readonly SegmentStatus[];
  readonly problems: readonly Problem[];
}

/** What an agent says about itself and all it knows, as JSON over its socket. */
export type AgentSnapshot = StatusSnapshot & { readonly node: string; readonly uptimeMs: number };

export interface ServiceStatus {
  readonly service: string;
  readonly externalTrafficPolicy: TrafficPolicy;
  /** As in `80/TCP`. */
  readonly ports: readonly string[];
  readonly addresses: readonly AddressStatus[];
  /** Usable pods by node; a pod that no node is named for counts under an empty name. */
  readonly pods: readonly { readonly node: string; readonly count: number }[];
  readonly problems: readonly Problem[];
}

export interface AddressStatus {
  readonly address: string;
  readonly pool: string;
  /** Undefined where this node is on no segment of the address. */
  readonly interface: string | undefined;
  /** The node that answers for it; undefined = none is known to. */
  readonly owner: string | undefined;
  readonly ownedMs: number | undefined;
  /** What this node does about it, in words; of the whole cluster, whether somebody answers. */
  readonly here: string;
}

export interface NodeStatus {
  readonly node: string;
  readonly self: boolean;
  readonly live: boolean;
  readonly interfaces: readonly string[];
  readonly addressesOwned: number;
  /** What its agent has reported of itself, in words; undefined where an agent says what it sees. */
  readonly agent?: string | undefined;
}

export interface SegmentStatus {
  readonly interface: string;
  /** This node's class: active, behind, joining, out. */
  readonly standing: string;
  /** Why it is not active, while that passes by itself. */
  readonly waiting: string | undefined;
  readonly members: readonly MemberStatus[];
  readonly problems: readonly string[];
}

interface MemberStatus {
  readonly node: string;
  readonly live: boolean;
  readonly standing: string;
  /** Since its last heartbeat; undefined = never heard. */
  readonly heardMs: number | undefined;
}
