/** Time as it is passed in: tests bring their own. */
export interface Clock {
  /** Milliseconds of a clock that never goes back; only differences mean anything. */
  nowMs(): number;
  /** The time of day, for fields that people read. Nothing is decided by it. */
  date(): Date;
  /** Calls back once; disposing of it first prevents that. */
  schedule(delayMs: number, callback: () => void): Disposable;
}

/** Node's timers take 32 bits, and fire at once for more. */
const maximumTimerMs = 2 ** 31 - 1;

/** The machine's own. What shall happen in more than 24 days happens then. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  date: () => new Date(),
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(delayMs, maximumTimerMs));
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/**
 * Waits.
 * @throws the signal's reason as soon as it aborts
 */
export async function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  using _timer = clock.schedule(delayMs, resolve);
  const onAbort = (): void => reject(signal?.reason as Error);
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await promise;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}
