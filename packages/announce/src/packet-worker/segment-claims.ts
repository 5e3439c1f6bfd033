import type { IpAddress, MacAddress } from '@fairlead/ip';
import { bucketOf, type HoldingChange, type TakeReason } from '@fairlead/membership';
import {
  claimDeadline,
  IDLE,
  isAnswering,
  stepClaim,
  type Claim,
  type ClaimAction,
  type ClaimEvent,
} from '../claim.ts';
import type { ClaimPlan } from '../plan.ts';
import type { Unprepared } from './protocol.ts';

/** An address costs some system calls: so many are no more than a few milliseconds. */
const MOST_AT_A_TIME = 100;

/** One address of a segment and what this node does about it. */
export interface SegmentClaim {
  readonly plan: ClaimPlan;
  readonly bucket: number;
  /** It was asked for after its bucket was taken, so no node of ours can have had it. */
  readonly addedLate: boolean;
  readonly claim: Claim;
}

/** What claims need of their segment. */
export interface SegmentClaimsIo {
  /** Does what a claim asks for, at once. */
  readonly act: (address: IpAddress, action: ClaimAction) => void;
  /** Nobody is asked about it here any more. */
  readonly forget: (address: IpAddress) => void;
  /** Nobody would hear a gratuitous frame. */
  readonly isMuted: () => boolean;
  readonly isPeer: (mac: MacAddress) => boolean;
  readonly onConflict: (address: IpAddress, mac: MacAddress) => void;
  /** CLOCK_MONOTONIC, milliseconds. */
  readonly now: () => number;
}

/** The addresses of a segment: turns "holds the bucket, and is prepared" into answers. */
export class SegmentClaims {
  readonly #io: SegmentClaimsIo;
  readonly #claims = new Map<IpAddress, SegmentClaim>();
  readonly #byBucket = new Map<string, Set<IpAddress>>();
  readonly #held = new Map<string, TakeReason>();
  readonly #moves = new Map<string, IpAddress[]>();
  readonly #conflicts = new Set<IpAddress>();
  /** Whose claims are due, by the whole millisecond; some have come to be due at another time since. */
  readonly #due = new Map<number, IpAddress[]>();
  #unprepared: Unprepared = 'all';
  #deadline = Infinity;

  constructor(io: SegmentClaimsIo) {
    this.#io = io;
  }

  /** When `tick` has to be called, monotonic milliseconds. */
  get deadline(): number {
    return this.#deadline;
  }

  get all(): SegmentClaim[] {
    return [...this.#claims.values()];
  }

  get(address: IpAddress): SegmentClaim | undefined {
    return this.#claims.get(address);
  }

  /** Takes addresses away and adds others; one that is there already goes on unless its Announcement is another. */
  change(gone: Iterable<IpAddress>, put: readonly ClaimPlan[]): void {
    for (const address of gone) this.#drop(address);
    const muted = this.#io.isMuted();
    for (const plan of put) {
      const known = this.#claims.get(plan.address);
      if (known !== undefined && known.plan.announcement !== plan.announcement) {
        this.#drop(plan.address);
      }
      this.#put(plan);
      this.#tick(plan.address, muted);
    }
  }

  /** Says which addresses must not be answered for yet; all, until this is said. */
  prepare(unprepared: Unprepared): void {
    this.#unprepared = unprepared;
    this.#tickEach(this.#claims.keys());
  }

  /** A host that was taken for a foreign one may be one of ours now. */
  meetPeers(): void {
    this.#tickEach(this.#conflicts);
  }

  /** Takes all addresses away. */
  clear(): void {
    for (const address of this.#claims.keys()) this.#drop(address);
  }

  /** A bucket was taken or let go: its addresses follow before this returns. */
  hold(announcement: number, change: HoldingChange): void {
    const key = bucketKey(announcement, change.bucket);
    if (change.held) this.#held.set(key, change.reason);
    else this.#held.delete(key);
    const addresses = this.#byBucket.get(key);
    // All buckets may move at once, most of which have none: whatever is asked of the kernel here would add up.
    if (addresses === undefined || addresses.size === 0) return;
    const muted = this.#io.isMuted();
    for (const address of addresses) {
      const known = this.#claims.get(address);
      if (known !== undefined) this.#claims.set(address, { ...known, addedLate: false });
      this.#tick(address, muted);
      this.#note(change.held ? `owns addresses: ${change.reason}` : 'gave addresses up', address);
    }
  }

  /** Another node announced addresses of a bucket, or of any: they are announced again. */
  contradict(announcement: number, bucket: number): void {
    for (const address of this.#byBucket.get(bucketKey(announcement, bucket)) ?? []) {
      this.#step(address, { kind: 'contradicted' });
    }
  }

  contradictAll(): void {
    for (const address of this.#claims.keys()) this.#step(address, { kind: 'contradicted' });
  }

  /** A host that is no node of ours uses the address. */
  foreign(address: IpAddress, mac: MacAddress): void {
    this.#step(address, { kind: 'foreign', mac });
  }

  /** Does what is due, of thousands only some: heartbeats come first again before the next ones. */
  tick(): void {
    const now = this.#io.now();
    const addresses: IpAddress[] = [];
    for (const [at, its] of this.#due) {
      if (at > now) continue;
      for (const address of its.splice(0, MOST_AT_A_TIME - addresses.length)) {
        addresses.push(address);
      }
      if (its.length > 0) break;
      this.#due.delete(at);
    }
    this.#tickEach(addresses);
    this.#deadline = Math.min(Infinity, ...this.#due.keys());
  }

  /** Addresses that came or went since the last time, by what happened. */
  takeMoves(): ReadonlyMap<string, readonly IpAddress[]> {
    const moves = new Map(this.#moves);
    this.#moves.clear();
    return moves;
  }

  #put(plan: ClaimPlan): void {
    const known = this.#claims.get(plan.address);
    const bucket = bucketOf(plan.address);
    const key = bucketKey(plan.announcement, bucket);
    const addedLate = known?.addedLate ?? this.#held.has(key);
    const claim = known?.claim ?? IDLE;
    this.#claims.set(plan.address, { plan, bucket, addedLate, claim });
    const addresses = this.#byBucket.get(key) ?? new Set();
    this.#byBucket.set(key, addresses.add(plan.address));
  }

  #drop(address: IpAddress): void {
    const known = this.#claims.get(address);
    if (known === undefined) return;
    this.#claims.delete(address);
    this.#conflicts.delete(address);
    this.#byBucket.get(bucketKey(known.plan.announcement, known.bucket))?.delete(address);
    this.#io.forget(address);
  }

  #tickEach(addresses: Iterable<IpAddress>): void {
    const muted = this.#io.isMuted();
    for (const address of addresses) this.#tick(address, muted);
  }

  #tick(address: IpAddress, muted: boolean): void {
    const known = this.#claims.get(address);
    if (known === undefined) return;
    const { claim, plan, bucket, addedLate } = known;
    if (claim.kind === 'conflict' && this.#io.isPeer(claim.mac)) {
      this.#step(address, { kind: 'cleared' });
    }
    const reason = this.#held.get(bucketKey(plan.announcement, bucket));
    const wanted = reason !== undefined && this.#isPrepared(address);
    this.#step(address, { kind: 'tick', wanted, fresh: reason === 'first' || addedLate, muted });
  }

  #isPrepared(address: IpAddress): boolean {
    return this.#unprepared !== 'all' && !this.#unprepared.has(address);
  }

  #step(address: IpAddress, event: ClaimEvent): void {
    const known = this.#claims.get(address);
    if (known === undefined) return;
    const { claim, actions } = stepClaim(known.claim, event, this.#io.now());
    this.#claims.set(address, { ...known, claim });
    for (const action of actions) this.#io.act(address, action);
    if (claim !== known.claim) this.#schedule(address, claimDeadline(claim));
    if (claim.kind !== 'conflict') {
      this.#conflicts.delete(address);
    } else if (known.claim.kind !== 'conflict') {
      this.#conflicts.add(address);
      this.#io.onConflict(address, claim.mac);
    }
  }

  #schedule(address: IpAddress, deadline: number | undefined): void {
    if (deadline === undefined) return;
    const at = Math.ceil(deadline);
    this.#due.getOrInsertComputed(at, () => []).push(address);
    this.#deadline = Math.min(this.#deadline, at);
  }

  #note(move: string, address: IpAddress): void {
    const addresses = this.#moves.get(move);
    if (addresses === undefined) this.#moves.set(move, [address]);
    else addresses.push(address);
  }
}

/** How the kernel treats an address: answers for it, or only tells who else claims it. */
export function answerMode({ claim }: SegmentClaim): 'answer' | 'watch' {
  return isAnswering(claim) ? 'answer' : 'watch';
}

function bucketKey(announcement: number, bucket: number): string {
  return `${announcement}/${bucket}`;
}
