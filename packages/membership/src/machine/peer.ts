import {
  hash32,
  rendezvousKey,
  rendezvousScore,
  type IpAddress,
  type MacAddress,
} from '@fairlead/ip';
import { bucketCount } from '../bucket-set.ts';
import type { Holding, NodeClass } from '../codec/heartbeat.ts';
import { nodeClass } from '../codec/heartbeat.ts';
import type { Timing } from './timing.ts';

/** An incarnation that was heard but has not yet quoted one of our recent heartbeats. */
interface Candidate {
  readonly incarnation: number;
  readonly sequence: number;
  readonly heardAt: number;
}

/** How far a peer's last known buckets are to be trusted. */
export type HoldingsView = 'direct' | 'kept' | 'empty';

/** What this node knows of another one. Times are monotonic milliseconds, -Infinity = never. */
export interface Peer {
  readonly node: string;
  /** `hash32` of the name: how heartbeats refer to it. */
  readonly id: number;
  /** Rendezvous score for each bucket. */
  readonly scores: Uint32Array;
  configured: boolean;
  /** It counts: configured, or believed by its signature. */
  known: boolean;
  /** It was counted among the known. */
  counted: boolean;
  addresses: readonly IpAddress[];
  macs: readonly MacAddress[];
  /** Where its last evidence came from. */
  learned: IpAddress | undefined;
  /** Which of the addresses is tried next. */
  attempt: number;

  /** 0 = none is believed yet. */
  incarnation: number;
  candidate: Candidate | undefined;
  retired: number[];
  heardSequence: number;
  heardAt: number;
  /** Since when it has been heard without a pause of dead-after. */
  heardSince: number;

  /** The newest heartbeat that proves that it lives, and the newest that does so without reserve. */
  provenSequence: number;
  evidenceSequence: number;
  evidenceAt: number;
  /** Evidence that it hears us, by its own heartbeats. */
  mutualAt: number;
  /** When we sent the newest of our heartbeats that it quoted. */
  quotedAt: number;
  echoAskedAt: number;
  /** When the present series of questions began. */
  echoAskedSince: number;
  echoAt: number;

  declaredSequence: number;
  version: number;
  class: NodeClass;
  alone: boolean;
  fresh: boolean;
  liveCount: number;
  intervalMs: number;
  deadAfterMs: number;
  holdings: ReadonlyMap<number, Holding>;

  /** From here on: as of the last judgement. */
  live: boolean;
  mutual: boolean;
  /** What decisions rest upon; compared to find out whether anything changed. */
  judgedClass: NodeClass;
  judgedHoldings: ReadonlyMap<number, Holding>;
  /** Live by echo alone: its heartbeats are blocked. */
  blocked: boolean;
  blockedSince: number;
  view: HoldingsView;
  repliedAt: number;
  /** Where an answer to its unexpected heartbeat goes; undefined = none is due. */
  replyTo: IpAddress | undefined;
}

/** No holdings; shared, never written. */
export const noHoldings: ReadonlyMap<number, Holding> = new Map();

const bucketKeys = Uint32Array.from({ length: bucketCount }, (_, bucket) => rendezvousKey(bucket));

/**
 * How much a node wants each bucket: 0 for one, 1 for another, up to 1023, in the order of its rendezvous scores. As
 * every node wants as much in all, shares differ less than by the scores themselves. The key is the bucket alone, not
 * the Announcement.
 */
export function bucketScores(node: string): Uint32Array {
  const hash = hash32(node);
  // Score and bucket in one number: sorted without a comparison of ours, as a segment has many nodes.
  const order = Float64Array.from(
    bucketKeys,
    (key, bucket) => rendezvousScore(key, hash) * bucketCount + bucket,
  ).sort();
  const ranks = new Uint32Array(bucketCount);
  for (const [rank, place] of order.entries()) ranks[place % bucketCount] = rank;
  return ranks;
}

export function newPeer(node: string, timing: Timing): Peer {
  return {
    node,
    id: hash32(node),
    scores: bucketScores(node),
    configured: false,
    known: false,
    counted: false,
    addresses: [],
    macs: [],
    learned: undefined,
    attempt: 0,
    incarnation: 0,
    candidate: undefined,
    retired: [],
    heardSequence: 0,
    heardAt: -Infinity,
    heardSince: -Infinity,
    provenSequence: 0,
    evidenceSequence: 0,
    evidenceAt: -Infinity,
    mutualAt: -Infinity,
    quotedAt: -Infinity,
    echoAskedAt: -Infinity,
    echoAskedSince: -Infinity,
    echoAt: -Infinity,
    declaredSequence: 0,
    version: 0,
    class: nodeClass.joining,
    alone: false,
    fresh: false,
    liveCount: 1,
    intervalMs: timing.intervalMs,
    deadAfterMs: timing.deadAfterMs,
    holdings: noHoldings,
    live: false,
    mutual: false,
    judgedClass: nodeClass.joining,
    judgedHoldings: noHoldings,
    blocked: false,
    blockedSince: -Infinity,
    view: 'empty',
    repliedAt: -Infinity,
    replyTo: undefined,
  };
}

const retiredKept = 8;

/** Forgets all evidence, as after a pause: what was true then says nothing about now. */
export function forgetEvidence(peer: Peer): void {
  peer.heardAt = -Infinity;
  peer.heardSince = -Infinity;
  peer.evidenceAt = -Infinity;
  peer.mutualAt = -Infinity;
  peer.quotedAt = -Infinity;
  peer.echoAskedAt = -Infinity;
  peer.echoAskedSince = -Infinity;
  peer.echoAt = -Infinity;
  peer.live = false;
}

/** Believes another incarnation: what its predecessor said is void. */
export function believe(peer: Peer, incarnation: number): void {
  if (peer.incarnation !== 0) {
    peer.retired = [peer.incarnation, ...peer.retired].slice(0, retiredKept);
  }
  peer.retired = peer.retired.filter((old) => old !== incarnation);
  peer.incarnation = incarnation;
  if (peer.candidate?.incarnation === incarnation) peer.candidate = undefined;
  peer.known = true;
  forgetEvidence(peer);
  peer.heardSequence = 0;
  peer.provenSequence = 0;
  peer.evidenceSequence = 0;
  peer.declaredSequence = 0;
  peer.alone = false;
  peer.fresh = false;
  peer.holdings = noHoldings;
}
