import { nodeClass, type NodeClass } from '../codec/heartbeat.ts';

/** How long a node waits for its turn while others are active, and the most it waits after flapping. */
const joinWaitMs = 5000;
const longestJoinWaitMs = 300_000;
const flapMs = 60_000;

/** A main thread that was silent for this long hangs. */
const watchdogMs = 5000;

/** From how much staleness on a node lets fresher ones go first, and how long those must be fresh. */
const staleMs = 30_000;

export type Phase = 'joining' | 'member' | 'leaving' | 'left';

/** Why a node is joining. */
export type JoinReason = 'start' | 'pause' | 'other-side' | 'main-thread';

/** What the node's standing depends on besides itself; all about peers that count. */
export interface Surroundings {
  readonly knownPeers: number;
  readonly allMutual: boolean;
  readonly anyLive: boolean;
  /** Somebody live is class 0 or 1. */
  readonly anyOwner: boolean;
  /** Somebody hears us who was alone and so answers for everything; it will count us at once. */
  readonly anyAlone: boolean;
  readonly anyFresh: boolean;
  /** No peer's heartbeat was ever believed, yet one answers for its addresses. */
  readonly strangerAnswers: boolean;
  /** No peer's heartbeat was ever believed, and one may yet answer. */
  readonly stillAsking: boolean;
}

/** What this node is to the others, and why. Times are monotonic milliseconds. */
export class Standing {
  phase: Phase = 'joining';
  joinReason: JoinReason = 'start';
  joinStartedAt: number;
  /** Joining, but sure of who else is there. */
  settled = false;
  alone = false;
  hung = false;
  excluded = false;
  ready = true;
  #joinWaitMs = joinWaitMs;
  #memberSince = -Infinity;
  #fedAt: number;
  #freshSince: number;
  #staleSince = Infinity;
  #behind = false;
  #outSince = Infinity;

  constructor(now: number) {
    this.joinStartedAt = now;
    this.#fedAt = now;
    this.#freshSince = now;
  }

  /** The class by which buckets are given out; being alone does not matter to the node itself. */
  get class(): NodeClass {
    if (this.isOut) return nodeClass.out;
    if (this.phase === 'joining') return nodeClass.joining;
    return this.#behind || !this.ready ? nodeClass.behind : nodeClass.active;
  }

  get isOut(): boolean {
    return this.phase === 'leaving' || this.phase === 'left' || this.excluded || this.hung;
  }

  /** Since when it has been out; Infinity where it is not. */
  get outSince(): number {
    return this.#outSince;
  }

  get behind(): boolean {
    return this.#behind;
  }

  isFresh(now: number): boolean {
    return now >= this.#freshSince + staleMs;
  }

  setFresh(fresh: boolean, now: number): void {
    if (fresh === (this.#staleSince === Infinity)) return;
    this.#freshSince = fresh ? now : Infinity;
    this.#staleSince = fresh ? Infinity : now;
    if (fresh) this.#behind = false;
  }

  feed(now: number): void {
    this.#fedAt = now;
  }

  join(reason: JoinReason, now: number): void {
    // To have started a moment ago is no flapping.
    const again = this.joinReason !== 'start';
    const flaps = again && (this.phase === 'joining' || now < this.#memberSince + flapMs);
    this.#joinWaitMs = flaps ? Math.min(2 * this.#joinWaitMs, longestJoinWaitMs) : joinWaitMs;
    this.phase = 'joining';
    this.joinReason = reason;
    this.joinStartedAt = now;
    this.settled = false;
    this.alone = false;
  }

  leave(): void {
    if (this.phase !== 'left') this.phase = 'leaving';
  }

  /** Applies the rules of class; returns why the node has to join anew, if it has to. */
  update(now: number, deadAfterMs: number, around: Surroundings): JoinReason | undefined {
    const rejoin = this.#watch(now);
    if (this.phase === 'joining') this.#consider(now, deadAfterMs, around);
    const alone = this.phase === 'member' && around.knownPeers > 0 && !around.anyLive;
    this.alone = alone && !this.isOut;
    if (now >= this.#staleSince + staleMs && around.anyFresh) this.#behind = true;
    if (!this.isOut) this.#outSince = Infinity;
    else if (this.#outSince === Infinity) this.#outSince = now;
    return rejoin;
  }

  /** When the standing may change by itself. */
  nextUpdate(now: number, deadAfterMs: number): number {
    let next = Infinity;
    const consider = (at: number): void => {
      if (at > now && at < next) next = at;
    };
    consider(this.#fedAt + watchdogMs);
    consider(this.#staleSince + staleMs);
    // Others may have news later than we know that ours are old.
    if (!this.#behind && now >= this.#staleSince + staleMs) consider(now + 1000);
    consider(this.#freshSince + staleMs);
    if (this.phase === 'joining') {
      consider(this.joinStartedAt + deadAfterMs);
      consider(this.joinStartedAt + this.#joinWaitMs);
    }
    return next;
  }

  #watch(now: number): JoinReason | undefined {
    const hung = now >= this.#fedAt + watchdogMs;
    const recovered = this.hung && !hung;
    this.hung = hung;
    return recovered && this.phase === 'member' ? 'main-thread' : undefined;
  }

  #consider(now: number, deadAfterMs: number, around: Surroundings): void {
    const asked = now >= this.joinStartedAt + deadAfterMs && !around.stillAsking;
    const waited = around.knownPeers === 0 || asked;
    const sure = (around.allMutual || waited) && !around.strangerAnswers;
    this.settled = sure && !around.anyAlone;
    const free = this.settled && !around.anyOwner;
    if (!free && !(sure && now >= this.joinStartedAt + this.#joinWaitMs)) return;
    this.phase = 'member';
    this.#memberSince = now;
  }
}
