import {
  addBucket,
  bucketCount,
  bucketWords,
  forEachBucket,
  hasBucket,
  isEmpty,
  noBuckets,
  removeBucket,
  type BucketSet,
} from '../bucket-set.ts';
import { nodeClass } from '../codec/heartbeat.ts';
import { BucketTimer } from './bucket-timer.ts';
import type { AnnouncementConfig } from './configuration.ts';
import { contenders, writeWinners, type Contender, type OwnContender } from './contenders.ts';
import type { Peer } from './peer.ts';

/** Two that both think they shall answer do so for at most this many intervals. */
const contestIntervals = 2;
/** For so many intervals nobody answers before one does whose turn it is not. */
const orphanIntervals = 4;
/** A node that is out answers no longer than this for what nobody takes. */
const longestFarewellMs = 1000;

/** Where a bucket came from: another node handed it over, its owner is gone, or nobody had it yet. */
export type TakeReason = 'handover' | 'takeover' | 'first';

export type HoldingChange =
  | { readonly bucket: number; readonly held: true; readonly reason: TakeReason }
  | { readonly bucket: number; readonly held: false };

/** What the rules of buckets depend on, as of one moment. */
export interface HoldingContext {
  readonly now: number;
  readonly intervalMs: number;
  readonly self: OwnContender;
  readonly peers: readonly Peer[];
  /** Since when this node is out; Infinity where it is not. */
  readonly outSince: number;
  /** Out because its main thread hangs: it answers on where nobody else can. */
  readonly hung: boolean;
}

/** Who holds which bucket of one Announcement, and what this node does about it. */
export class Holdings {
  readonly held = noBuckets();
  readonly offered = noBuckets();
  /** When each bucket was taken, monotonic milliseconds; meaningful for held ones. */
  readonly since = new Float64Array(bucketCount);
  config: AnnouncementConfig;
  #contenders: readonly Contender[] = [];
  readonly #winners = new Int8Array(bucketCount).fill(-1);
  readonly #wins = noBuckets();
  /** Held by a live peer without being offered. */
  readonly #claimed = noBuckets();
  /** Held by a live peer. */
  readonly #present = noBuckets();
  /** Ever held by a node of ours. */
  readonly #known = noBuckets();
  readonly #contradictedAt = new Map<number, number>();
  readonly #crossed = new BucketTimer();
  readonly #unheard = new BucketTimer();
  readonly #contested = new BucketTimer();
  readonly #orphaned = new BucketTimer();
  readonly #onChange: (change: HoldingChange) => void;

  constructor(config: AnnouncementConfig, onChange: (change: HoldingChange) => void) {
    this.config = config;
    this.#onChange = onChange;
  }

  /** Who owns buckets has changed: who is live, of what class, or the Announcement. */
  reassign({ self, peers }: HoldingContext): void {
    this.#contenders = contenders(this.config, self, peers);
    writeWinners(this.#contenders, this.#winners);
    const own = this.#contenders.findIndex(({ peer }) => peer === undefined);
    this.#wins.fill(0);
    if (own < 0) return;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      if (this.#winners[bucket] === own) addBucket(this.#wins, bucket);
    }
  }

  /** Applies the rules; returns whether held or offered changed. */
  update(context: HoldingContext): boolean {
    this.#survey(context.peers);
    let changed = this.#release(context);
    changed = this.#take(context) || changed;
    changed = this.#offer() || changed;
    return changed;
  }

  /** When a rule may apply by itself. */
  nextUpdate({ now, intervalMs, outSince }: HoldingContext): number {
    const contest = contestIntervals * intervalMs;
    const farewell = outSince + longestFarewellMs;
    return Math.min(
      this.#crossed.nextElapse(contest, now),
      this.#unheard.nextElapse(contest, now),
      this.#contested.nextElapse(contest, now),
      this.#orphaned.nextElapse(orphanIntervals * intervalMs, now),
      farewell > now && !isEmpty(this.held) ? farewell : Infinity,
    );
  }

  /** Lets everything go at once. Returns whether there was anything. */
  drop(): boolean {
    if (isEmpty(this.held)) return false;
    forEachBucket(Uint32Array.from(this.held), (bucket) => this.#let(bucket));
    this.offered.fill(0);
    return true;
  }

  /** Lets go what a live peer holds: after a pause, it may have taken it for good reason. */
  yieldClaimed(peers: readonly Peer[]): boolean {
    this.#survey(peers);
    let changed = false;
    for (let word = 0; word < bucketWords; word++) {
      changed ||= ((this.held[word] ?? 0) & (this.#claimed[word] ?? 0)) !== 0;
    }
    if (changed) {
      forEachBucket(and(this.held, this.#claimed), (bucket) => this.#let(bucket));
      this.#offer();
    }
    return changed;
  }

  /** Another node claimed the bucket: whether to contradict it, once an interval at most. */
  contradicts(bucket: number, now: number, intervalMs: number): boolean {
    if (!hasBucket(this.held, bucket) || !hasBucket(this.#wins, bucket)) return false;
    if (now < (this.#contradictedAt.get(bucket) ?? -Infinity) + intervalMs) return false;
    this.#contradictedAt.set(bucket, now);
    return true;
  }

  #survey(peers: readonly Peer[]): void {
    this.#claimed.fill(0);
    this.#present.fill(0);
    for (const peer of peers) {
      if (!peer.live || peer.view === 'empty') continue;
      const holding = peer.holdings.get(this.config.id);
      if (holding === undefined) continue;
      for (let word = 0; word < bucketWords; word++) {
        const held = holding.held[word] ?? 0;
        this.#present[word] = (this.#present[word] ?? 0) | held;
        this.#claimed[word] = (this.#claimed[word] ?? 0) | (held & ~(holding.offered[word] ?? 0));
        this.#known[word] = (this.#known[word] ?? 0) | held;
      }
    }
  }

  #release(context: HoldingContext): boolean {
    const { now, intervalMs } = context;
    const contest = contestIntervals * intervalMs;
    const foreign = andNot(this.held, this.#wins);
    const crossed = and(foreign, this.#claimed);
    this.#crossed.update(crossed, now);
    this.#unheard.update(isEmpty(foreign) ? foreign : this.#withUnheardWinner(foreign), now);
    const contested = andNot(and(this.held, this.#claimed), crossed);
    this.#contested.update(contested, now);
    const letGo: number[] = [];
    forEachBucket(crossed, (bucket) => {
      if (this.#yieldsAtOnce(bucket, context)) letGo.push(bucket);
    });
    const longCrossed = this.#crossed.elapsed(contest, now);
    if (longCrossed) forEachBucket(longCrossed, (bucket) => letGo.push(bucket));
    const longUnheard = this.#unheard.elapsed(contest, now);
    if (longUnheard) forEachBucket(longUnheard, (bucket) => letGo.push(bucket));
    const longContested = this.#contested.elapsed(contest, now);
    if (longContested) {
      forEachBucket(longContested, (bucket) => {
        if (this.#claimedByLower(bucket, context)) letGo.push(bucket);
      });
    }
    if (this.#farewellIsOver(context)) forEachBucket(this.held, (bucket) => letGo.push(bucket));
    for (const bucket of letGo) this.#let(bucket);
    return letGo.length > 0;
  }

  /** A bucket that is not ours goes to its winner, or to whoever comes before us by name. */
  #yieldsAtOnce(bucket: number, context: HoldingContext): boolean {
    const winner = this.#contenders[this.#winners[bucket] ?? -1]?.peer;
    return (
      (winner !== undefined && this.#claims(winner, bucket)) ||
      this.#claimedByLower(bucket, context)
    );
  }

  #claimedByLower(bucket: number, { self, peers }: HoldingContext): boolean {
    return peers.some((peer) => peer.node < self.node && this.#claims(peer, bucket));
  }

  #claims(peer: Peer, bucket: number): boolean {
    if (!peer.live || peer.view === 'empty') return false;
    const holding = peer.holdings.get(this.config.id);
    return (
      holding !== undefined &&
      hasBucket(holding.held, bucket) &&
      !hasBucket(holding.offered, bucket)
    );
  }

  /** Those whose winner is live but cannot tell us that it took them. */
  #withUnheardWinner(buckets: BucketSet): BucketSet {
    const unheard = noBuckets();
    forEachBucket(buckets, (bucket) => {
      const winner = this.#contenders[this.#winners[bucket] ?? -1]?.peer;
      if (winner?.view === 'empty') addBucket(unheard, bucket);
    });
    return unheard;
  }

  #farewellIsOver({ now, outSince, hung, self }: HoldingContext): boolean {
    if (self.class === nodeClass.joining && !self.settled) return true;
    if (self.class !== nodeClass.out) return false;
    const nobodyElse = this.#contenders.length === 0;
    if (hung) return !nobodyElse && now >= outSince + longestFarewellMs;
    return now >= outSince + longestFarewellMs;
  }

  #take(context: HoldingContext): boolean {
    const { now, intervalMs, self, peers } = context;
    const taken = andNot(andNot(this.#wins, this.held), this.#claimed);
    // Who holds a bucket is known only as long as all live peers are heard.
    const sighted = peers.every((peer) => !peer.live || peer.view === 'direct');
    const lowest = sighted && isLowest(self, this.#contenders);
    this.#orphaned.update(lowest ? this.#orphans() : noBuckets(), now);
    const orphans = this.#orphaned.elapsed(orphanIntervals * intervalMs, now);
    if (orphans) or(taken, orphans);
    if (isEmpty(taken)) return false;
    forEachBucket(taken, (bucket) => {
      addBucket(this.held, bucket);
      this.since[bucket] = now;
      this.#onChange({ bucket, held: true, reason: this.#reason(bucket) });
    });
    or(this.#known, taken);
    return true;
  }

  #orphans(): BucketSet {
    return this.held.map(
      (word, index) => ~(word | (this.#present[index] ?? 0) | (this.#wins[index] ?? 0)),
    );
  }

  #reason(bucket: number): TakeReason {
    if (hasBucket(this.#present, bucket)) return 'handover';
    return hasBucket(this.#known, bucket) ? 'takeover' : 'first';
  }

  #offer(): boolean {
    let changed = false;
    for (let word = 0; word < bucketWords; word++) {
      const offered = ((this.held[word] ?? 0) & ~(this.#wins[word] ?? 0)) >>> 0;
      changed ||= offered !== this.offered[word];
      this.offered[word] = offered;
    }
    return changed;
  }

  #let(bucket: number): void {
    if (!hasBucket(this.held, bucket)) return;
    removeBucket(this.held, bucket);
    this.#onChange({ bucket, held: false });
  }
}

function isLowest(self: Contender, among: readonly Contender[]): boolean {
  return (
    among.some(({ peer }) => peer === undefined) && among.every(({ node }) => self.node <= node)
  );
}

function and(a: BucketSet, b: BucketSet): BucketSet {
  return a.map((word, index) => word & (b[index] ?? 0));
}

function andNot(a: BucketSet, b: BucketSet): BucketSet {
  return a.map((word, index) => word & ~(b[index] ?? 0));
}

function or(target: BucketSet, more: BucketSet): void {
  for (let word = 0; word < bucketWords; word++) {
    target[word] = (target[word] ?? 0) | (more[word] ?? 0);
  }
}
