import type { ClusterState, PublishedStatus, ServiceKey } from '@fairlead/cluster';
import { hash32, type IpAddress } from '@fairlead/ip';
import { differsInWordsOnly, ownAddresses, sameStatus } from './compare-status.ts';

/** What must be written of one Service, or was, while the view does not show it yet. */
interface Entry {
  /** What the server has, as far as we know. */
  readonly base: PublishedStatus;
  /** When the server said so, ms; -Infinity where the view shows it. */
  readonly baseMs: number;
  readonly wanted: PublishedStatus;
  /** Whether it is still to be written; `base` says the same where it is not. */
  readonly waits: boolean;
  /** Addresses of writes that were sent since; of none of them it is known what became of it. */
  readonly sent: ReadonlySet<IpAddress>;
  /** The server told us, so that it counts also where the view does not have the Service yet. */
  readonly learned: boolean;
}

/** What was written last, mere words aside, as a hash, and how often in a row. */
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

const none: ReadonlySet<IpAddress> = new Set();

/**
 * A view that is newer than a write by so much has what came of it. How new it is one API server says, also where
 * another one answers the watch: several behind one address are taken to be no further apart than this.
 */
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

  /** Addresses that Services are to lose, until a write is answered: it may be late, or be refused for ever. */
  leaving(): ReadonlyMap<ServiceKey, readonly IpAddress[]> {
    const leaving = new Map<ServiceKey, readonly IpAddress[]>();
    for (const [key, entry] of this.#entries) {
      const addresses = leavingOf(entry);
      if (addresses.length > 0) leaving.set(key, addresses);
    }
    return leaving;
  }

  /** Whether a write has been made that the view must show some time. */
  get awaits(): boolean {
    return this.#entries.values().some(({ waits }) => !waits);
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
    const next: Entry = { ...entry, base: published, baseMs: -Infinity };
    const isShown = sameStatus(published, wanted) && leavingOf(next).length === 0;
    if (isShown || !entry.waits) this.#entries.delete(key);
    else this.#entries.set(key, next);
  }

  /** What the server has, read by other means than the view, which may show it later. */
  learn(key: ServiceKey, status: PublishedStatus, nowMs: number): void {
    this.#entries.set(key, {
      base: status,
      baseMs: nowMs,
      wanted: status,
      waits: false,
      sent: none,
      learned: true,
    });
  }

  /** A status was decided; `before` is what counted until now. */
  want(key: ServiceKey, wanted: PublishedStatus, before: PublishedStatus): Urgency {
    const known = this.#entries.get(key);
    const { base, baseMs, sent } =
      known?.base.uid === wanted.uid ? known : { base: before, baseMs: -Infinity, sent: none };
    const entry = { base, baseMs, wanted, sent, learned: false };
    const isSettled = leavingOf(entry).length === 0;
    const waits = !isSettled || !sameStatus(base, wanted);
    this.#entries.set(key, { ...entry, waits });
    if (!waits) return { kind: 'nothing' };
    if (isSettled && differsInWordsOnly(base, wanted)) return { kind: 'words' };
    const first = base.addresses.join() !== wanted.addresses.join();
    return { kind: 'write', delayMs: this.#contestDelayMs(key, wanted), first };
  }

  /** What is sent to be written now, and what it takes the place of. */
  send(
    key: ServiceKey,
  ): { readonly before: PublishedStatus; readonly after: PublishedStatus } | undefined {
    const entry = this.#entries.get(key);
    if (entry?.waits !== true) return undefined;
    const { base, wanted } = entry;
    this.#entries.set(key, { ...entry, sent: entry.sent.union(new Set(wanted.addresses)) });
    return { before: base, after: wanted };
  }

  /** The server took it. */
  written(key: ServiceKey, status: PublishedStatus, nowMs: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || !differsInWordsOnly(entry.base, status)) {
      const hash = hashOf(status);
      const last = this.#writes.get(key);
      const again = last?.hash === hash && nowMs - last.atMs < forgetContestMs;
      this.#writes.set(key, { hash, times: again ? last.times + 1 : 1, atMs: nowMs });
    }
    // Where it was given up on its way and nothing else waits, it counts all the same: the server has it.
    const wanted = entry?.waits === true ? entry.wanted : status;
    const now = { base: status, baseMs: nowMs, wanted, sent: none, learned: false };
    this.#entries.set(key, { ...now, waits: wanted !== status });
  }

  /** The same again: somebody else writes this status, too, and whoever is faster must not win by force. */
  #contestDelayMs(key: ServiceKey, wanted: PublishedStatus): number {
    const last = this.#writes.get(key);
    if (last === undefined || last.hash !== hashOf(wanted) || last.times < 2) return 0;
    return Math.min(firstContestMs * 2 ** Math.min(last.times - 2, 20), longestContestMs);
  }
}

/** Addresses that nobody wants any more, and that the server has, or may have. */
function leavingOf({ base, wanted, sent }: Omit<Entry, 'waits'>): readonly IpAddress[] {
  const shown = [...ownAddresses(base), ...sent];
  return shown.filter((address) => !wanted.addresses.includes(address));
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
