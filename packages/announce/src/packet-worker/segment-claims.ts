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

/** An address costs some system calls: so many are no more than a few milliseconds. */
const MOST_AT_A_TIME = 50;
/** How many times as long as they took comes nothing more of this kind. */
const REST = 3;

/** One address of a segment and what this node does about it. */
export interface SegmentClaim {
  readonly plan: ClaimPlan;
  readonly bucket: number;
  /** It was asked for after its bucket was taken, so no node of ours can have had it. */
  readonly addedLate: boolean;
  readonly claim: Claim;
  /** The kernel has room for it: else nothing can be answered. */
  readonly hasRoom: boolean;
}

/** What claims need of their segment. */
export interface SegmentClaimsIo {
  /** Does what a claim asks for, at once. */
  readonly act: (address: IpAddress, action: ClaimAction) => void;
  /** Has others watched for claims of theirs; false where the kernel has no room for that. */
  readonly watch: (address: IpAddress) => boolean;
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
  /** To be announced for the first time: packets go to another node, or to nobody, until then. */
  readonly #urgent: IpAddress[] = [];
  /** Whose claims are due, by the whole millisecond; some have come to be due at another time since. */
  readonly #due = new Map<number, IpAddress[]>();
  /** Undefined = it has not been said yet: then all. */
  #unprepared: ReadonlySet<IpAddress> | undefined;
  #deadline = Infinity;
  #restUntil = -Infinity;

  constructor(io: SegmentClaimsIo) {
    this.#io = io;
  }

  /** When `tick` has to be called, monotonic milliseconds. */
  get deadline(): number {
    return Math.max(this.#deadline, this.#restUntil);
  }

  get all(): SegmentClaim[] {
    return [...this.#claims.values()];
  }

  /** The kernel has no room for some of them. */
  get lackRoom(): boolean {
    return this.#claims.values().some(({ hasRoom }) => !hasRoom);
  }

  get(address: IpAddress): SegmentClaim | undefined {
    return this.#claims.get(address);
  }

  /** Takes addresses away and adds others; one that is there already goes on unless its Announcement is another. */
  change(gone: Iterable<IpAddress>, put: readonly ClaimPlan[]): void {
    for (const address of gone) this.#drop(address);
    for (const plan of put) {
      const known = this.#claims.get(plan.address);
      if (known !== undefined && known.plan.announcement !== plan.announcement) {
        this.#drop(plan.address);
      }
      this.#put(plan);
      this.#follow(plan.address);
    }
  }

  /** Says which addresses must not be answered for yet; all, until this is said. */
  prepare(unprepared: ReadonlySet<IpAddress>): void {
    this.#unprepared = unprepared;
    for (const address of this.#claims.keys()) this.#follow(address);
  }

  /** Says for which addresses the kernel has no room; for all others it has. */
  refuse(refused: ReadonlySet<IpAddress>): void {
    for (const [address, known] of this.#claims) {
      const hasRoom = !refused.has(address);
      if (hasRoom === known.hasRoom) continue;
      this.#claims.set(address, { ...known, hasRoom });
      this.#follow(address);
    }
  }

  /** A host that was taken for a foreign one may be one of ours now. */
  meetPeers(): void {
    for (const address of this.#conflicts) {
      const claim = this.#claims.get(address)?.claim;
      if (claim?.kind !== 'conflict' || !this.#io.isPeer(claim.mac)) continue;
      this.#step(address, { kind: 'cleared' });
    }
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
    for (const address of addresses ?? []) {
      const known = this.#claims.get(address);
      if (known !== undefined) this.#claims.set(address, { ...known, addedLate: false });
      this.#follow(address);
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

  /**
   * Does what is due. Of thousands some at a time, with rests: heartbeats come first again before the next ones, and
   * neither this processor nor those of the network have nothing else to do.
   */
  tick(): void {
    const beganAt = this.#io.now();
    if (beganAt < this.deadline) return;
    const muted = this.#io.isMuted();
    const addresses = this.#takeDue(beganAt);
    for (const address of addresses) this.#step(address, this.#tickOf(address, muted));
    const endedAt = this.#io.now();
    const more = addresses.length === MOST_AT_A_TIME;
    this.#restUntil = more ? endedAt + REST * (endedAt - beganAt) : -Infinity;
    this.#deadline = this.#urgent.length > 0 ? endedAt : Math.min(Infinity, ...this.#due.keys());
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
    const hasRoom = known?.hasRoom ?? this.#io.watch(plan.address);
    this.#claims.set(plan.address, { plan, bucket, addedLate, claim, hasRoom });
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

  #takeDue(now: number): readonly IpAddress[] {
    const taken = this.#urgent.splice(0, MOST_AT_A_TIME);
    for (const [at, addresses] of this.#due) {
      if (at > now) continue;
      taken.push(...addresses.splice(0, MOST_AT_A_TIME - taken.length));
      if (addresses.length > 0) break;
      this.#due.delete(at);
    }
    return taken;
  }

  /** Begins or ends to answer where that is wanted now; what else is due has its turn by the time. */
  #follow(address: IpAddress): void {
    const tick = this.#tickOf(address, false);
    const isIdle = this.#claims.get(address)?.claim.kind === 'idle';
    if (tick.wanted === isIdle) this.#step(address, tick);
  }

  #tickOf(address: IpAddress, muted: boolean): Extract<ClaimEvent, { kind: 'tick' }> {
    const known = this.#claims.get(address);
    const reason = known && this.#held.get(bucketKey(known.plan.announcement, known.bucket));
    const wanted = reason !== undefined && known?.hasRoom === true && this.#isPrepared(address);
    return { kind: 'tick', wanted, fresh: reason === 'first' || known?.addedLate === true, muted };
  }

  #isPrepared(address: IpAddress): boolean {
    return this.#unprepared !== undefined && !this.#unprepared.has(address);
  }

  #step(address: IpAddress, event: ClaimEvent): void {
    const known = this.#claims.get(address);
    if (known === undefined) return;
    const { claim, actions } = stepClaim(known.claim, event, this.#io.now());
    this.#claims.set(address, { ...known, claim });
    for (const action of actions) this.#io.act(address, action);
    if (claim !== known.claim) this.#schedule(address, claim);
    if (claim.kind !== 'conflict') {
      this.#conflicts.delete(address);
    } else if (known.claim.kind !== 'conflict') {
      this.#conflicts.add(address);
      this.#io.onConflict(address, claim.mac);
    }
  }

  #schedule(address: IpAddress, claim: Claim): void {
    const deadline = claimDeadline(claim);
    if (deadline === undefined) return;
    const isFirst = claim.kind === 'answering' && claim.announced === 0;
    if (isFirst && deadline <= this.#io.now()) {
      this.#urgent.push(address);
      this.#deadline = Math.min(this.#deadline, deadline);
    } else {
      const at = Math.ceil(deadline);
      this.#due.getOrInsertComputed(at, () => []).push(address);
      this.#deadline = Math.min(this.#deadline, at);
    }
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
