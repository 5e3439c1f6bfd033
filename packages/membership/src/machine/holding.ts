import {
  addBucket,
  bucketCount,
  bucketWords,
  difference,
  forEachBucket,
  hasBucket,
  intersection,
  isEmpty,
  noBuckets,
  removeBucket,
  unite,
  type BucketSet,
} from '../bucket-set.ts';
import { nodeClass } from '../codec/heartbeat.ts';
import { BucketTimer } from './bucket-timer.ts';
import { claims, keeps, survey } from './claims.ts';
import type { AnnouncementConfig } from './configuration.ts';
import { contenders, writeWinners, type Contender, type OwnContender } from './contenders.ts';
import type { Peer } from './peer.ts';

/** Two that both think they shall answer do so for at most this many intervals. */
const contestIntervals = 2;
/** For so many intervals nobody answers before one does whose turn it is not. */
const orphanIntervals = 4;
/** A node that is out answers no longer than this for what nobody takes. */
const longestFarewellMs = 1000;
/** Time for an offer to be heard by a winner that claimed the bucket before it was offered. */
const offerHeardMs = 25;

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
  /** Held though another node wins, and a peer claims it; disputed while it did so before our offer. */
  readonly #crossed = new BucketTimer();
  readonly #disputed = new BucketTimer();
  #disputedNow = noBuckets();
  /** Held though another node wins, and a peer offers it as well. */
  readonly #idle = new BucketTimer();
  /** Held though another node wins that is live but not heard. */
  readonly #unheard = new BucketTimer();
  /** Held and won, but a peer claims it. */
  readonly #contested = new BucketTimer();
  /** Held by nobody, and won by another node. */
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
    survey(context.peers, this.config.id, this.#claimed, this.#present, this.#known);
    this.#classify(context.now);
    const released = this.#release(context);
    const taken = this.#take(context);
    return this.#offer() || released || taken;
  }

  /** When a rule may apply by itself. */
  nextUpdate({ now, intervalMs, outSince }: HoldingContext): number {
    const contest = contestIntervals * intervalMs;
    const farewell = outSince + longestFarewellMs;
    return Math.min(
      this.#disputed.nextElapse(offerHeardMs, now),
      this.#crossed.nextElapse(contest, now),
      this.#idle.nextElapse(contest, now),
      this.#unheard.nextElapse(contest, now),
      this.#contested.nextElapse(contest, now),
      this.#orphaned.nextElapse(orphanIntervals * intervalMs, now),
      farewell > now && !isEmpty(this.held) ? farewell : Infinity,
    );
  }

  /** Lets everything go at once. Returns whether there was anything. */
  drop(): boolean {
    if (isEmpty(this.held)) return false;
    this.#letAll(Uint32Array.from(this.held));
    return true;
  }

  /** Lets go what a live peer holds: after a pause, it may have taken it for good reason. */
  yieldClaimed(peers: readonly Peer[]): boolean {
    survey(peers, this.config.id, this.#claimed, this.#present, this.#known);
    const lost = intersection(this.held, this.#claimed);
    this.#letAll(lost);
    return !isEmpty(lost);
  }

  /** Another node claimed the bucket: whether to contradict it, once an interval at most. */
  contradicts(bucket: number, now: number, intervalMs: number): boolean {
    if (!hasBucket(this.held, bucket) || !hasBucket(this.#wins, bucket)) return false;
    if (now < (this.#contradictedAt.get(bucket) ?? -Infinity) + intervalMs) return false;
    this.#contradictedAt.set(bucket, now);
    return true;
  }

  /** Finds out which of the held buckets are in an uncommon state, and since when. */
  #classify(now: number): void {
    const foreign = difference(this.held, this.#wins);
    const crossed = intersection(foreign, this.#claimed);
    this.#disputedNow = crossed.map(
      (word, index) => word & ((this.#disputedNow[index] ?? 0) | ~(this.offered[index] ?? 0)),
    );
    this.#disputed.update(this.#disputedNow, now);
    this.#crossed.update(crossed, now);
    this.#idle.update(intersection(difference(foreign, crossed), this.#present), now);
    this.#unheard.update(isEmpty(foreign) ? foreign : this.#withUnheardWinner(foreign), now);
    const claimed = intersection(this.held, this.#claimed);
    this.#contested.update(difference(claimed, crossed), now);
  }

  #release(context: HoldingContext): boolean {
    const { now, intervalMs, self, peers } = context;
    const { id } = this.config;
    const lower = peers.filter(({ node }) => node < self.node);
    const contest = contestIntervals * intervalMs;
    const claimedByLower = (bucket: number): boolean =>
      lower.some((peer) => claims(peer, id, bucket));
    const letGo = noBuckets();
    const choose = (from: BucketSet | undefined, rule: (bucket: number) => boolean): void => {
      if (from === undefined) return;
      forEachBucket(from, (bucket) => {
        if (rule(bucket)) addBucket(letGo, bucket);
      });
    };
    // What is not ours goes to whoever comes before us by name, or to its winner: to the latter only once
    // it could hear our offer, or else two that take each other for the winner let go both.
    const crossed = this.#crossed.elapsed(0, now);
    const ripe = this.#disputed.elapsed(offerHeardMs, now);
    choose(
      crossed,
      (bucket) =>
        claimedByLower(bucket) ||
        ((!hasBucket(this.#disputedNow, bucket) || (ripe && hasBucket(ripe, bucket)) === true) &&
          this.#claimedByWinner(bucket)),
    );
    choose(this.#crossed.elapsed(contest, now), () => true);
    choose(this.#idle.elapsed(contest, now), (bucket) =>
      lower.some((peer) => keeps(peer, id, bucket)),
    );
    choose(this.#unheard.elapsed(contest, now), () => true);
    choose(this.#contested.elapsed(contest, now), claimedByLower);
    if (this.#farewellIsOver(context)) unite(letGo, this.held);
    this.#letAll(letGo);
    return !isEmpty(letGo);
  }

  #claimedByWinner(bucket: number): boolean {
    const winner = this.#contenders[this.#winners[bucket] ?? -1]?.peer;
    return winner !== undefined && claims(winner, this.config.id, bucket);
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
    if (self.class !== nodeClass.out || now < outSince + longestFarewellMs) return false;
    return !hung || this.#contenders.length > 0;
  }

  #take(context: HoldingContext): boolean {
    const { now, intervalMs, self, peers } = context;
    const taken = difference(difference(this.#wins, this.held), this.#claimed);
    // Who holds a bucket is known only as long as all live peers are heard.
    const sighted = peers.every((peer) => !peer.live || peer.view === 'direct');
    const lowest = sighted && isLowest(self, this.#contenders);
    this.#orphaned.update(lowest ? this.#orphans() : noBuckets(), now);
    const orphans = this.#orphaned.elapsed(orphanIntervals * intervalMs, now);
    if (orphans) unite(taken, orphans);
    if (isEmpty(taken)) return false;
    forEachBucket(taken, (bucket) => {
      addBucket(this.held, bucket);
      this.since[bucket] = now;
      this.#onChange({ bucket, held: true, reason: this.#reason(bucket) });
    });
    unite(this.#known, taken);
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

  #letAll(buckets: BucketSet): void {
    forEachBucket(buckets, (bucket) => {
      if (!hasBucket(this.held, bucket)) return;
      removeBucket(this.held, bucket);
      removeBucket(this.offered, bucket);
      this.#onChange({ bucket, held: false });
    });
  }
}

function isLowest(self: Contender, among: readonly Contender[]): boolean {
  return (
    among.some(({ peer }) => peer === undefined) && among.every(({ node }) => self.node <= node)
  );
}
