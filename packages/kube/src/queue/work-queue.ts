import { backoffMs, type BackoffPolicy, type Random } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { ApiError } from '../transport/errors.ts';

/** What a worker says about a key. Nothing: done, its failures are forgotten. */
export type WorkOutcome = void | { readonly againAfterMs: number };

/** It will not help to try the key again before something about it changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError';
}

export interface WorkQueueOptions<K extends string> {
  /**
   * Makes true what shall be true of the key now; why it was added does not matter. Where it throws, the key comes
   * again after a back-off, or after what the API server asked for if that is longer.
   */
  readonly work: (key: K, signal: AbortSignal) => Promise<WorkOutcome>;
  /** `retryMs` undefined: it will not be tried again by itself. */
  readonly onFailure: (key: K, error: Error, retryMs: number | undefined) => void;
  readonly clock: Clock;
  readonly random: Random;
  /** Keys worked on at a time, each by one worker. Default 1. */
  readonly workers?: number | undefined;
  /** Default: 50 ms doubling to 60 s, a fifth of it by chance. */
  readonly backoff?: BackoffPolicy | undefined;
}

const defaultBackoff: BackoffPolicy = {
  initialMs: 50,
  maximumMs: 60_000,
  factor: 2,
  jitter: 0.2,
};

/**
 * Keys that want work. A key that is added again while it waits is worked on once; one that is added while it is
 * worked on is worked on again after that, never at the same time. Keys come in the order in which they were added,
 * those that were added first of all before the others.
 */
export class WorkQueue<K extends string> {
  readonly #options: WorkQueueOptions<K>;
  readonly #backoff: BackoffPolicy;
  /** In the order in which they are worked on: all of the first set, then the others. */
  readonly #first = new Set<K>();
  readonly #others = new Set<K>();
  /** Were added first of all and have not been worked on with success since. */
  readonly #urgent = new Set<K>();
  /** With whether they were added again meanwhile. */
  readonly #working = new Map<K, boolean>();
  readonly #failures = new Map<K, number>();
  readonly #delayed = new Map<K, { readonly atMs: number; readonly timer: Disposable }>();
  /** Resolved when there may be something to do. */
  #wake = Promise.withResolvers<void>();
  #idle: PromiseWithResolvers<void> | undefined;
  #running = false;

  constructor(options: WorkQueueOptions<K>) {
    this.#options = options;
    this.#backoff = options.backoff ?? defaultBackoff;
  }

  /** Keys that wait for a worker, without those that wait for their time. */
  get waiting(): number {
    return this.#first.size + this.#others.size;
  }

  /** How often a key failed in a row. */
  failuresOf(key: K): number {
    return this.#failures.get(key) ?? 0;
  }

  /** To be worked on as soon as a worker is free, whatever was planned for it. */
  add(key: K): void {
    this.#cancelDelay(key);
    if (this.#working.has(key)) this.#working.set(key, true);
    else (this.#urgent.has(key) ? this.#first : this.#others).add(key);
    this.#wake.resolve();
  }

  /** To be worked on before all that was or will be added otherwise, also when it comes again after a failure. */
  addFirst(key: K): void {
    this.#urgent.add(key);
    this.#others.delete(key);
    this.add(key);
  }

  /** To be worked on after a time; the earliest of several counts. */
  addAfter(key: K, delayMs: number): void {
    if (delayMs <= 0) return this.add(key);
    const { clock } = this.#options;
    const atMs = clock.nowMs() + delayMs;
    const planned = this.#delayed.get(key);
    if (planned !== undefined && planned.atMs <= atMs) return;
    this.#cancelDelay(key);
    this.#delayed.set(key, { atMs, timer: clock.schedule(delayMs, () => this.add(key)) });
  }

  /** Its next failure counts as the first. What is planned for it stays. */
  forget(key: K): void {
    this.#failures.delete(key);
  }

  /** Resolves when no key waits for a worker or has one. */
  async idle(): Promise<void> {
    if (this.waiting + this.#working.size === 0) return;
    this.#idle ??= Promise.withResolvers<void>();
    await this.#idle.promise;
  }

  /** Works until the signal aborts, and then waits for the work under way to end. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#running) throw new Error('the queue runs already');
    this.#running = true;
    const { workers = 1 } = this.#options;
    const onAbort = (): void => this.#wake.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    const underWay = new Set<Promise<void>>();
    try {
      while (!signal.aborted) {
        const [key] = this.#first.size > 0 ? this.#first : this.#others;
        if (key === undefined || underWay.size >= workers) {
          await this.#wake.promise;
          this.#wake = Promise.withResolvers();
          continue;
        }
        this.#first.delete(key);
        this.#others.delete(key);
        this.#working.set(key, false);
        const task = this.#workOn(key, signal);
        underWay.add(task);
        void task.finally(() => {
          underWay.delete(task);
          this.#wake.resolve();
        });
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      await Promise.all(underWay);
      for (const key of this.#delayed.keys()) this.#cancelDelay(key);
      this.#running = false;
    }
  }

  async #workOn(key: K, signal: AbortSignal): Promise<void> {
    const { work, onFailure } = this.#options;
    const urgent = this.#urgent.delete(key);
    let againAfterMs: number | undefined;
    try {
      againAfterMs = (await work(key, signal))?.againAfterMs;
      this.#failures.delete(key);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      if (!signal.aborted) {
        againAfterMs = this.#retryMs(key, error);
        if (urgent && againAfterMs !== undefined) this.#urgent.add(key);
        onFailure(key, error, againAfterMs);
      }
    }
    const addedAgain = this.#working.get(key) ?? false;
    this.#working.delete(key);
    if (addedAgain) this.add(key);
    else if (againAfterMs !== undefined && !signal.aborted) this.addAfter(key, againAfterMs);
    if (this.waiting + this.#working.size === 0) {
      this.#idle?.resolve();
      this.#idle = undefined;
    }
  }

  #retryMs(key: K, error: Error): number | undefined {
    if (error instanceof TerminalError) {
      this.#failures.delete(key);
      return undefined;
    }
    const failures = this.failuresOf(key) + 1;
    this.#failures.set(key, failures);
    const ownMs = backoffMs(this.#backoff, failures, this.#options.random);
    const askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(ownMs, askedMs);
  }

  #cancelDelay(key: K): void {
    this.#delayed.get(key)?.timer[Symbol.dispose]();
    this.#delayed.delete(key);
  }
}
