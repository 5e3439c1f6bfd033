import type { MacAddress } from '@fairlead/ip';
import type { BucketSet } from '../bucket-set.ts';

/** UDP port of heartbeats. */
export const heartbeatPort = 7476;

/** The newest rules that this code speaks, and the oldest that it still applies. */
export const protocolVersion = 1;
export const minimumProtocolVersion = 1;

/** What a node may do, as it declares itself. The lowest class that is live owns the addresses. */
export const nodeClass = { active: 0, behind: 1, joining: 2, out: 3 } as const;
export type NodeClass = (typeof nodeClass)[keyof typeof nodeClass];

/**
 * One heartbeat: all that a node says about itself and about whom it hears. It holds durations only,
 * never a time of day.
 */
export interface Heartbeat {
  /** The newest rules that the sender speaks. */
  readonly version: number;
  /** The oldest rules that the sender can still apply; who speaks only older ones drops the heartbeat. */
  readonly minimumVersion: number;
  readonly node: string;
  /** Random, 1 to 2^32 - 1: another one means that the node lost what it knew. */
  readonly incarnation: number;
  /** 1 for the first heartbeat of an incarnation, then counted on by 1. */
  readonly sequence: number;
  readonly intervalMs: number;
  readonly deadAfterMs: number;
  readonly class: NodeClass;
  /** Nobody else is live to the sender; its class is then `out` to everybody else. */
  readonly alone: boolean;
  /** The sender's view of the cluster has been up to date for at least 30 s. */
  readonly fresh: boolean;
  /** How many nodes are live to the sender, itself included. */
  readonly liveCount: number;
  /** Link-layer addresses from which the sender answers for addresses. */
  readonly macs: readonly MacAddress[];
  readonly peers: readonly PeerEntry[];
  /** Announcements of which the sender holds a bucket; the others are left out. */
  readonly holdings: readonly Holding[];
}

/** What the sender knows of another node. */
export interface PeerEntry {
  /** `hash32` of the node's name. */
  readonly id: number;
  readonly incarnation: number;
  /** The newest sequence that came from that node itself; undefined where none did lately. */
  readonly heard: number | undefined;
  /** Undefined where the node is not live to the sender. */
  readonly live: LiveEntry | undefined;
}

/** Evidence of life that the sender passes on. */
export interface LiveEntry {
  readonly sequence: number;
  /** How old the evidence was when the heartbeat was sent. */
  readonly ageMs: number;
  readonly class: NodeClass;
  readonly deadAfterMs: number;
}

/** The buckets of one Announcement that the sender answers for. */
export interface Holding {
  /** 0 is the default Announcement. */
  readonly announcement: number;
  readonly held: BucketSet;
  /** Those among the held that another node shall take. */
  readonly offered: BucketSet;
}

/** Why a datagram was not read, for counting; `replayed` and `own-name` are found after decoding. */
export const dropReasons = [
  'truncated',
  'not-a-heartbeat',
  'malformed',
  'foreign-cluster',
  'unknown-key',
  'bad-mac',
  'newer-version',
  'replayed',
  'own-name',
  'too-many-peers',
] as const;
export type DropReason = (typeof dropReasons)[number];
