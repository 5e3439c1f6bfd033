import type { ClusterState, PublishedStatus, ServiceKey } from '@fairlead/cluster';
import { hash32 } from '@fairlead/ip';
import { differsInWordsOnly, sameStatus } from './compare-status.ts';

/** What must be written of one Service, or was, while the view does not show it yet. */
interface Entry {
  /** What the server has, as far as we know. */
  readonly base: PublishedStatus;
  /** When the server said so, ms; -Infinity where the view shows it. */
  readonly baseMs: number;
  /** The same object as `base` once the server has it. */
  readonly wanted: PublishedStatus;
  /** The server told us, so that it counts also where the view does not have the Service yet. */
  readonly learned: boolean;
}

/** What was written last, as a hash, and how often in a row. */
interface LastWrite {
  readonly hash: number;
  readonly times: number;
  readonly atMs: number;
}

/** What to do about a status that is wanted. */
export type Urgency =
  /** The server has it, or is about to be told another. */
  | { readonly kind: 'nothing' }
  /** Write it after a time; 0 = at once. One that is given an address, or loses it, comes before the others. */
  | { readonly kind: 'write'; readonly delayMs: number; readonly first: boolean }
  /** Write it when there is nothing better to do. */
  | { readonly kind: 'words' };

/** A view that is newer than a write by so much has what came of it. */
const marginMs = 2_000;
const firstContestMs = 1_000;
const longestContestMs = 300_000;
/** Who writes the same again after so long is no contestant. */
const forgetContestMs = 900_000;

/**
 * The leader's memory of its own writes, between deciding and seeing them: nothing else is remembered. Pure but
 * for that; times are passed in, ms of one clock.
 */
export class StatusBook {
  readonly #entries = new Map<ServiceKey, Entry>();
  readonly #writes = new Map<ServiceKey, LastWrite>();

  /** Statuses that count although the view does not show them. */
  unseen(): ReadonlyMap<ServiceKey, PublishedStatus> {
    return new Map(Array.from(this.#entries, ([key, { wanted }]) => [key, wanted]));
  }

  /** Whether a write has been made that the view must show some time. */
  get awaits(): boolean {
    return this.#entries.values().some(({ base, wanted }) => base === wanted);
  }

  /** Takes note of what the view shows. `currentMs`: it surely has what was true then. */
  observe({ services, unservedServices = [] }: ClusterState, currentMs: number): void {
    if (this.#entries.size + this.#writes.size === 0) return;
    const seen = new Set<ServiceKey>();
    for (const { key, published } of [...services, ...unservedServices]) {
      seen.add(key);
      const entry = this.#entries.get(key);
      if (entry !== undefined && published !== undefined) {
        this.#observeOne(key, entry, published, currentMs);
      }
    }
    for (const [key, entry] of this.#entries) {
      if (!seen.has(key) && !(entry.learned && mayLag(entry, currentMs))) this.#entries.delete(key);
    }
    for (const key of this.#writes.keys()) if (!seen.has(key)) this.#writes.delete(key);
  }

  #observeOne(key: ServiceKey, entry: Entry, published: PublishedStatus, currentMs: number): void {
    const { base, wanted } = entry;
    if (published.uid !== wanted.uid) {
      this.#entries.delete(key);
      return;
    }
    if (mayLag(entry, currentMs) && !sameStatus(published, base)) return;
    if (base === wanted || sameStatus(published, wanted)) this.#entries.delete(key);
    else this.#entries.set(key, { ...entry, base: published, baseMs: -Infinity });
  }

  /** What the server has, read by other means than the view, which may show it later. */
  learn(key: ServiceKey, status: PublishedStatus, nowMs: number): void {
    this.#entries.set(key, { base: status, baseMs: nowMs, wanted: status, learned: true });
  }

  /** A status was decided; `before` is what counted until now. */
  want(key: ServiceKey, wanted: PublishedStatus, before: PublishedStatus): Urgency {
    const known = this.#entries.get(key);
    const { base, baseMs } =
      known?.base.uid === wanted.uid ? known : { base: before, baseMs: -Infinity };
    if (sameStatus(base, wanted)) {
      this.#entries.set(key, { base, baseMs, wanted: base, learned: false });
      return { kind: 'nothing' };
    }
    this.#entries.set(key, { base, baseMs, wanted, learned: false });
    if (differsInWordsOnly(base, wanted)) return { kind: 'words' };
    const first = base.addresses.join() !== wanted.addresses.join();
    return { kind: 'write', delayMs: this.#contestDelayMs(key, wanted), first };
  }

  /** What is to be written now, and what it takes the place of. */
  due(
    key: ServiceKey,
  ): { readonly before: PublishedStatus; readonly after: PublishedStatus } | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.base === entry.wanted) return undefined;
    return { before: entry.base, after: entry.wanted };
  }

  /** The server took it. */
  written(key: ServiceKey, status: PublishedStatus, nowMs: number): void {
    const hash = hashOf(status);
    const last = this.#writes.get(key);
    const again = last?.hash === hash && nowMs - last.atMs < forgetContestMs;
    this.#writes.set(key, { hash, times: again ? last.times + 1 : 1, atMs: nowMs });
    // Where it was given up on its way and nothing else waits, it counts all the same: the server has it.
    const wanted = this.due(key)?.after ?? status;
    this.#entries.set(key, { base: status, baseMs: nowMs, wanted, learned: false });
  }

  /** The same again: somebody else writes this status, too, and whoever is faster must not win by force. */
  #contestDelayMs(key: ServiceKey, wanted: PublishedStatus): number {
    const last = this.#writes.get(key);
    if (last === undefined || last.hash !== hashOf(wanted) || last.times < 2) return 0;
    return Math.min(firstContestMs * 2 ** Math.min(last.times - 2, 20), longestContestMs);
  }
}

/** Whether the view may be from before the server said what it has. */
function mayLag({ baseMs }: Entry, currentMs: number): boolean {
  return currentMs <= baseMs + marginMs;
}

function hashOf({ uid, addresses, conditions }: PublishedStatus): number {
  return hash32(
    [uid, ...addresses, ...conditions.map(({ type, status }) => `${type} ${status}`).sort()].join(),
  );
}
