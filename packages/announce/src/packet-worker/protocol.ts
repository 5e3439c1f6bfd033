import type { NodeName, ServiceKey } from '@fairlead/cluster';
import type { IpAddress, MacAddress } from '@fairlead/ip';
import type { ClaimPlan, SegmentPlan } from '../plan.ts';

/** What the packet worker is started with. Plain data: it crosses to another thread. */
export interface PacketWorkerOptions {
  readonly self: NodeName;
  /** Where a `Responder` has pinned its maps. */
  readonly bpffsDirectory: string;
  /** An eventfd of the main thread's, signalled after each message to the worker. */
  readonly wakeFd: number;
  /** A cell into which the main thread stores CLOCK_MONOTONIC ns as long as it runs; wakes nobody. */
  readonly mainThreadAlive: SharedArrayBuffer;
}

/** A segment without what is claimed there, which may be thousands of addresses. */
export type SegmentSettings = Omit<SegmentPlan, 'claims'>;

/** Everything the worker must do but for the claims, whole: the newest one counts. */
export interface WorkerPlan {
  readonly kind: 'plan';
  readonly clusterId: string;
  /** Shared secrets that sign heartbeats: the first signs, all verify. */
  readonly keys: readonly [Uint8Array] | readonly [Uint8Array, Uint8Array];
  readonly segments: readonly SegmentSettings[];
  /** Addresses whose landing and rows are not in place on this node. */
  readonly unprepared: ReadonlySet<IpAddress>;
  /** This node must own nothing: labelled, or being deleted. */
  readonly excluded: boolean;
  readonly ready: boolean;
  /** The objects are as new as can be. */
  readonly fresh: boolean;
}

/** What changes in the claims on a segment of the newest plan; what is claimed there else stays. */
export interface ClaimsChange {
  readonly kind: 'claims';
  readonly interfaceName: string;
  /** What is no longer claimed. */
  readonly gone: readonly IpAddress[];
  /** What is claimed from now on, in the place of another claim on the address. */
  readonly put: readonly ClaimPlan[];
}

export type ToPacketWorker =
  | WorkerPlan
  | ClaimsChange
  /** Answered by a `report` or `summary` of the same number. */
  | { readonly kind: 'ask'; readonly what: 'report' | 'summary'; readonly number: number }
  /** Hand everything over, then say `left`. */
  | { readonly kind: 'leave' };

export type FromPacketWorker =
  /** Who is live has changed, or under which MAC. */
  | { readonly kind: 'members'; readonly segments: readonly SegmentMembers[] }
  | { readonly kind: 'report'; readonly number: number; readonly segments: SegmentReport[] }
  | { readonly kind: 'summary'; readonly number: number; readonly segments: SegmentSummary[] }
  | { readonly kind: 'left' }
  | {
      readonly kind: 'log';
      readonly level: 'info' | 'warn';
      readonly message: string;
      readonly fields: Readonly<Record<string, string | number>>;
    };

export interface SegmentMembers {
  readonly interfaceName: string;
  readonly members: readonly MemberState[];
}

export interface MemberState {
  readonly node: NodeName;
  readonly live: boolean;
  /** Its kernel still gets frames, whether an agent runs there or not. */
  readonly reachable: boolean;
  /** The first is the one to send its frames to; empty = never heard. */
  readonly macs: readonly MacAddress[];
}

/** What is known of one segment: little, however many addresses there are. Ages in milliseconds. */
export interface SegmentSummary {
  readonly interfaceName: string;
  readonly standing: Standing;
  /** Why it is not active, while that passes by itself. */
  readonly waiting: string | undefined;
  readonly members: readonly {
    readonly node: NodeName;
    readonly live: boolean;
    readonly standing: Standing;
    readonly heardMs: number | undefined;
  }[];
  /** What is answered for, by Announcement; none without an address. */
  readonly held: readonly {
    readonly announcement: number;
    /** How many addresses. */
    readonly count: number;
    /** Those of the addresses, in order. */
    readonly buckets: readonly number[];
  }[];
  readonly conflicts: readonly AddressConflict[];
  /** In words, for a person. */
  readonly problems: readonly string[];
  readonly counters: Readonly<Record<string, number>>;
}

/** The same, address by address: for thousands of them it takes the worker a while, so only a person asks for it. */
export interface SegmentReport extends SegmentSummary {
  readonly addresses: readonly AddressReport[];
}

/** A foreign host that uses an address of Services. */
export interface AddressConflict {
  readonly address: IpAddress;
  readonly mac: MacAddress;
  readonly services: readonly ServiceKey[];
}

export type Standing = 'active' | 'behind' | 'joining' | 'out';

export interface AddressReport {
  readonly address: IpAddress;
  /** Who holds its bucket, as far as heard; undefined = nobody. */
  readonly owner: NodeName | undefined;
  /** For how long, to within a second. */
  readonly ownedMs: number | undefined;
  /** `unprepared` = owned, but landing or rows are not in place yet. */
  readonly state: 'not-owned' | 'unprepared' | 'answering' | 'conflict';
  /** The MAC of the foreign host that uses it. */
  readonly conflict: MacAddress | undefined;
}
