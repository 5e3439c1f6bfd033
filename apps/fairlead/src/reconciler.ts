/** A run that takes longer is followed by a rest of the same length. */
const LONG_MS = 50;

/** A run that failed for a reason that may pass is followed by another after this. */
const RETRY_MS = 1000;

/** Nothing was run for so long: nothing else is likely to wait. */
const IDLE_MS = 100;

/**
 * Runs one task at a time; asked again while it runs, it runs once more afterwards. After a long run it rests, so that
 * in a burst of changes a run takes in many of them, and half of the time is left for what else there is to do. A run
 * that fails is repeated until one succeeds.
 */
export class Reconciler {
  readonly #task: () => void;
  readonly #onFailure: (error: Error) => void;
  readonly #nowMs: () => number;
  #scheduled = false;
  #closed = false;
  #restUntilMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #retryTimer: NodeJS.Timeout | undefined;
  #failure: Error | undefined;

  /**
   * @param onFailure told of a failure once, however often it repeats itself in the same words
   * @param nowMs a clock that does not jump
   */
  constructor(
    task: () => void,
    onFailure: (error: Error) => void,
    nowMs: () => number = () => performance.now(),
  ) {
    this.#task = task;
    this.#onFailure = onFailure;
    this.#nowMs = nowMs;
  }

  /** Why the last run failed; undefined where it did not. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Coalesces: any number of requests before the next turn of the event loop, or within a rest, are one run. */
  request(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    const restMs = this.#restUntilMs - this.#nowMs();
    if (restMs <= 0) setImmediate(() => this.#run());
    else this.#timer = setTimeout(() => this.#run(), restMs);
  }

  /** As `request`, for what cannot wait until a rest is over. */
  requestAtOnce(): void {
    this.#restUntilMs = -Infinity;
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#scheduled = false;
    }
    this.request();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#idleTimer);
    clearTimeout(this.#retryTimer);
  }

  #run(): void {
    this.#scheduled = false;
    this.#timer = undefined;
    if (this.#closed) return;
    const beganMs = this.#nowMs();
    clearTimeout(this.#retryTimer);
    const before = this.#failure;
    this.#failure = undefined;
    try {
      this.#task();
    } catch (error) {
      this.#failure = error as Error;
      this.#retryTimer = setTimeout(() => this.request(), RETRY_MS);
      if (this.#failure.message !== before?.message) this.#onFailure(this.#failure);
    }
    const endedMs = this.#nowMs();
    const tookMs = endedMs - beganMs;
    this.#restUntilMs = tookMs > LONG_MS ? endedMs + tookMs : endedMs;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(collectYoung, IDLE_MS);
  }
}

/**
 * Empties V8's young generation, which is small, so that a run seldom waits for the collector. There where Node was
 * started with --expose-gc, as bin/fairlead does.
 */
function collectYoung(): void {
  globalThis.gc?.({ type: 'minor' });
}
