import type { IpAddress, MacAddress } from '@fairlead/ip';
import { countBuckets, forEachBucket, type BucketSet } from './bucket-set.ts';
import type { DropReason, NodeClass } from './codec/heartbeat.ts';
import type { Segment } from './machine/segment.ts';
import type { JoinReason, Phase } from './machine/standing.ts';
import type { Observations } from './observations.ts';

/** What one member knows of its segment, as plain data that may cross threads. */
export interface SegmentSnapshot {
  readonly node: string;
  readonly incarnation: number;
  readonly phase: Phase;
  readonly class: NodeClass;
  readonly alone: boolean;
  /** Why it joined the last time, and when, monotonic milliseconds. */
  readonly joinReason: JoinReason;
  readonly joinedAtMs: number;
  readonly intervalMs: number;
  readonly deadAfterMs: number;
  /** This node included. */
  readonly liveCount: number;
  /** The rules that all live nodes know. */
  readonly rules: number;
  readonly members: readonly MemberSnapshot[];
  readonly announcements: readonly AnnouncementSnapshot[];
  readonly counters: SegmentCounters;
}

/** Another node, as this one sees it. */
export interface MemberSnapshot {
  readonly node: string;
  readonly live: boolean;
  readonly mutual: boolean;
  /** Live by ARP only: its heartbeats do not arrive. */
  readonly blocked: boolean;
  readonly class: NodeClass;
  readonly alone: boolean;
  readonly incarnation: number;
  readonly macs: readonly MacAddress[];
  readonly address: IpAddress | undefined;
  /** How old the newest evidence of life is; undefined = there never was any. */
  readonly ageMs: number | undefined;
  /** Whether what it holds is known from itself lately. */
  readonly holdingsKnown: boolean;
  readonly heldCounts: readonly { readonly announcement: number; readonly buckets: number }[];
}

export interface AnnouncementSnapshot {
  readonly id: number;
  readonly heldCount: number;
  readonly offeredCount: number;
  /** Who holds each bucket: an index into `nodes`, or -1 = nobody known. */
  readonly holders: Int8Array;
  /** This node first, then the members in their order. */
  readonly nodes: readonly string[];
  /** When this node took each bucket, monotonic milliseconds; meaningful where holders is 0. */
  readonly sinceMs: Float64Array;
}

export interface SegmentCounters {
  readonly received: number;
  /** Unread because they arrived during a pause that was too long. */
  readonly discarded: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
}

export function snapshotOf(
  segment: Segment,
  observations: Observations,
  now: number,
): SegmentSnapshot {
  const { standing, timing } = segment;
  return {
    node: segment.node,
    incarnation: segment.incarnation,
    phase: standing.phase,
    class: standing.class,
    alone: standing.alone,
    joinReason: standing.joinReason,
    joinedAtMs: standing.joinStartedAt,
    intervalMs: timing.intervalMs,
    deadAfterMs: timing.deadAfterMs,
    liveCount: segment.liveCount,
    rules: segment.rules,
    members: memberSnapshots(segment, now),
    announcements: announcementSnapshots(segment),
    counters: {
      received: observations.received,
      discarded: observations.discarded,
      dropped: Object.fromEntries(observations.dropped) as Record<DropReason, number>,
    },
  };
}

function memberSnapshots(segment: Segment, now: number): MemberSnapshot[] {
  return Array.from(segment.peers.all, (peer) => {
    const evidenceAt = Math.max(peer.evidenceAt, peer.echoAt);
    return {
      node: peer.node,
      live: peer.live,
      mutual: peer.mutual,
      blocked: peer.blocked,
      class: peer.class,
      alone: peer.alone,
      incarnation: peer.incarnation,
      macs: peer.macs,
      address: peer.learned ?? peer.addresses[0],
      ageMs: evidenceAt === -Infinity ? undefined : Math.max(0, now - evidenceAt),
      holdingsKnown: peer.view === 'direct',
      heldCounts: Array.from(peer.holdings, ([announcement, { held }]) => ({
        announcement,
        buckets: countBuckets(held),
      })),
    };
  });
}

function announcementSnapshots(segment: Segment): AnnouncementSnapshot[] {
  const peers = [...segment.peers.all];
  const nodes = [segment.node, ...peers.map(({ node }) => node)];
  return Array.from(segment.holdings, ([id, { held, offered, since }]) => {
    const holders = new Int8Array(since.length).fill(-1);
    const claim = (set: BucketSet | undefined, index: number): void => {
      if (set !== undefined) forEachBucket(set, (bucket) => (holders[bucket] = index));
    };
    // Of two that hold a bucket the first is named, this node before all.
    for (const [index, peer] of [...peers.entries()].toReversed()) {
      if (peer.live) claim(peer.holdings.get(id)?.held, index + 1);
    }
    claim(held, 0);
    return {
      id,
      heldCount: countBuckets(held),
      offeredCount: countBuckets(offered),
      holders,
      nodes,
      sinceMs: Float64Array.from(since),
    };
  });
}
