import type { Lease } from 'kubernetes-types/coordination/v1.d.ts';
import type { Random } from '../backoff.ts';
import { resources } from '../client/resources.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { sleep, type Clock } from '../clock.ts';
import { ApiError } from '../transport/errors.ts';
import { readLease, writeLease, type LeaseRecord, type StoredLease } from './lease-record.ts';
import {
  attempt,
  defaultTiming,
  initialElection,
  isLeader,
  observe,
  released,
  stepDown,
  written,
  type ElectionState,
  type ElectionTiming,
} from './machine.ts';

/** Whether we lead, and else who does as far as we know. */
export type Leadership =
  | { readonly leading: true }
  | { readonly leading: false; readonly holder: string | undefined };

export interface ElectionOptions {
  readonly client: Pick<KubeClient, 'clock' | 'find' | 'create' | 'replace'>;
  readonly lease: { readonly namespace: string; readonly name: string };
  /** Of this process, unlike that of any other: a restarted one is another. */
  readonly identity: string;
  readonly random: Random;
  readonly timing?: ElectionTiming | undefined;
  /**
   * What a leader does. Called each time leadership is won; its signal aborts the moment that it is lost or the
   * election ends. The election goes on whatever becomes of it, but stands again only after it has ended.
   */
  readonly lead: (signal: AbortSignal) => Promise<void>;
  readonly onChange?: ((leadership: Leadership) => void) | undefined;
  readonly onFailure?: ((error: Error) => void) | undefined;
}

/** client-go JitterFactor: candidates that wait for the same Lease do not all come at once. */
const acquireJitter = 1.2;
const releaseTimeoutMs = 3_000;

/**
 * At most one process at a time leads among those that use the same Lease, with client-go's rules, so that it can
 * stand beside programs that use that. Losing it is a state, not an end.
 */
export class LeaderElection {
  readonly #options: ElectionOptions;
  readonly #clock: Clock;
  readonly #timing: ElectionTiming;
  #state: ElectionState = initialElection;
  #told: Leadership | undefined;
  #term: { readonly controller: AbortController; readonly done: Promise<void> } | undefined;

  /** @throws RangeError where the timing cannot be safe */
  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#clock = options.client.clock;
    this.#timing = options.timing ?? defaultTiming;
    const { leaseMs, renewDeadlineMs, retryMs } = this.#timing;
    if (!(leaseMs > renewDeadlineMs && renewDeadlineMs > retryMs * acquireJitter && retryMs > 0)) {
      throw new RangeError(
        `lease ${leaseMs} ms > renew deadline ${renewDeadlineMs} ms > ${acquireJitter} × retry ${retryMs} ms > 0 must hold`,
      );
    }
    if (leaseMs % 1000 !== 0) throw new RangeError(`lease ${leaseMs} ms: whole seconds are needed`);
  }

  /** True only until the deadline, whatever this process was kept from doing. */
  get leading(): boolean {
    return this.#term?.controller.signal.aborted === false && this.#leadsNow();
  }

  /** Stands until the signal aborts, and gives the Lease back then. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // Work of a term that was lost must have ended before the next begins, here or elsewhere.
      if (this.#term?.controller.signal.aborted !== true) await this.#tryOnce(signal);
      this.#settle(signal);
      await this.#pause(signal);
      this.#settle(signal);
    }
    // The work ends before the Lease is free: the next leader must not meet it.
    await this.#endTerm();
    await this.#release();
    this.#tell();
  }

  async #tryOnce(signal: AbortSignal): Promise<void> {
    const { onFailure } = this.#options;
    // Half, so that a connection that hangs leaves time for another (as client-go).
    const halfMs = this.#timing.renewDeadlineMs / 2;
    const leading = this.#leadsNow();
    const leftMs = this.#state.leaderUntilMs - this.#clock.nowMs();
    const budgetMs = leading ? Math.min(halfMs, leftMs) : halfMs;
    using budget = this.#budget(budgetMs);
    const either = AbortSignal.any([signal, budget.signal]);
    try {
      // A leader knows what is there: one request. A conflict proves it wrong, and it looks.
      if (!leading) await this.#look(either);
      await this.#write(either);
    } catch (error) {
      if (signal.aborted) return;
      if (!this.#isStale(error)) onFailure?.(error as Error);
      else if (leading) await this.#tryAgain(either);
    }
  }

  /** Somebody wrote the Lease that we hold: perhaps only its labels. */
  async #tryAgain(signal: AbortSignal): Promise<void> {
    try {
      await this.#look(signal);
      await this.#write(signal);
    } catch (error) {
      this.#options.onFailure?.(error as Error);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { client, lease, identity } = this.#options;
    const found = await client.find(resources.leases, lease, { signal });
    const stored = found === undefined ? undefined : readLease(found);
    this.#state = observe(this.#state, stored, this.#clock.nowMs());
    if (stored?.record.holder !== identity) this.#state = stepDown(this.#state);
  }

  async #write(signal: AbortSignal): Promise<void> {
    const { client, identity } = this.#options;
    const askedMs = this.#clock.nowMs();
    const next = attempt(this.#state, identity, this.#timing, askedMs, client.clock.date());
    if (next.kind === 'wait') return;
    const stored =
      next.kind === 'create'
        ? await this.#create(next.record, signal)
        : await this.#update(next.lease, next.record, signal);
    this.#state = written(this.#state, stored, this.#timing, askedMs, this.#clock.nowMs());
  }

  async #create(record: LeaseRecord, signal: AbortSignal): Promise<StoredLease> {
    const { client, lease } = this.#options;
    const object = writeLease({ metadata: lease }, record);
    return readLease(await client.create(resources.leases, object, { signal }));
  }

  async #update(lease: Lease, record: LeaseRecord, signal: AbortSignal): Promise<StoredLease> {
    const { client } = this.#options;
    const object = writeLease(lease, record);
    return readLease(await client.replace(resources.leases, object, { signal }));
  }

  /** Waits for the next attempt, or less where leadership runs out before it. */
  async #pause(signal: AbortSignal): Promise<void> {
    const { retryMs } = this.#timing;
    const delayMs = this.#leadsNow()
      ? Math.min(retryMs, this.#state.leaderUntilMs - this.#clock.nowMs())
      : retryMs * (1 + (acquireJitter - 1) * this.#options.random());
    try {
      await sleep(this.#clock, Math.max(delayMs, 0), signal);
    } catch {
      // Aborted: the caller sees that.
    }
  }

  /** Starts or ends the leader's work as leadership came or went. */
  #settle(signal: AbortSignal): void {
    if (!this.#leadsNow()) this.#term?.controller.abort(new Error('leadership is lost'));
    else if (this.#term === undefined && !signal.aborted) this.#beginTerm();
    this.#tell();
  }

  #beginTerm(): void {
    const controller = new AbortController();
    this.#abortAtDeadline(controller);
    const { lead, onFailure } = this.#options;
    const lost = Promise.withResolvers<void>();
    controller.signal.addEventListener('abort', () => lost.resolve(), { once: true });
    const work = async (): Promise<void> => {
      try {
        await lead(controller.signal);
      } catch (error) {
        if (!controller.signal.aborted) onFailure?.(error as Error);
      }
      // Work that ended by itself leaves us leader, with nothing to do, until the term is over.
      await lost.promise;
      this.#term = undefined;
    };
    this.#term = { controller, done: work() };
  }

  /** Also while an attempt to renew is under way. */
  #abortAtDeadline(controller: AbortController): void {
    const leftMs = this.#state.leaderUntilMs - this.#clock.nowMs();
    if (leftMs <= 0) {
      controller.abort(new Error('leadership is lost: the lease could not be renewed in time'));
      this.#tell();
      return;
    }
    const timer = this.#clock.schedule(leftMs, () => {
      controller.signal.removeEventListener('abort', cancel);
      this.#abortAtDeadline(controller);
    });
    const cancel = (): void => timer[Symbol.dispose]();
    controller.signal.addEventListener('abort', cancel, { once: true });
  }

  async #endTerm(): Promise<void> {
    this.#term?.controller.abort(new Error('the election has ended'));
    await this.#term?.done;
  }

  async #release(): Promise<void> {
    this.#state = stepDown(this.#state);
    using budget = this.#budget(releaseTimeoutMs);
    try {
      await this.#writeReleased(budget.signal).catch(async (error: unknown) => {
        // Stopped in the middle of a renewal, we do not know what became of it.
        if (!this.#isStale(error)) throw error;
        await this.#look(budget.signal);
        await this.#writeReleased(budget.signal);
      });
    } catch (error) {
      // Others take it when it has run out.
      this.#options.onFailure?.(error as Error);
    }
  }

  async #writeReleased(signal: AbortSignal): Promise<void> {
    const { identity, client } = this.#options;
    const { observed } = this.#state;
    if (observed?.record.holder !== identity) return;
    const record = released(observed.record, client.clock.date());
    const stored = await this.#update(observed.lease, record, signal);
    this.#state = observe(this.#state, stored, this.#clock.nowMs());
  }

  #budget(ms: number): Disposable & { readonly signal: AbortSignal } {
    const controller = new AbortController();
    const timer = this.#clock.schedule(ms, () =>
      controller.abort(new Error(`no answer about the lease in ${Math.round(ms)} ms`)),
    );
    return { signal: controller.signal, [Symbol.dispose]: () => timer[Symbol.dispose]() };
  }

  /** The Lease is not what we thought it was. Where we knew of none, it is its namespace that is not found. */
  #isStale(error: unknown): boolean {
    if (!(error instanceof ApiError)) return false;
    const gone = error.notFound && this.#state.observed !== undefined;
    return error.conflict || error.alreadyExists || gone;
  }

  #leadsNow(): boolean {
    return isLeader(this.#state, this.#clock.nowMs());
  }

  #tell(): void {
    const leadership: Leadership = this.leading
      ? { leading: true }
      : { leading: false, holder: this.#state.observed?.record.holder || undefined };
    const { onChange } = this.#options;
    const told = this.#told;
    const same =
      told?.leading === leadership.leading &&
      (told.leading || leadership.leading || told.holder === leadership.holder);
    if (same) return;
    this.#told = leadership;
    onChange?.(leadership);
  }
}
