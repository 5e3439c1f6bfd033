import { setTimeout as pause } from 'node:timers/promises';

/** How long to wait for something, and how often to look. */
export interface WaitOptions {
  /** What is waited for, in words: it becomes part of the error. */
  readonly what: string;
  /** Default 5 000. */
  readonly deadlineMs?: number | undefined;
  /** Default 10. */
  readonly everyMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Looks until `check` gives something other than undefined or false, and returns that.
 * @throws Error when the deadline has passed, with what `check` threw last as its cause.
 */
export async function waitFor<T>(
  check: () => T | undefined | false | Promise<T | undefined | false>,
  { what, deadlineMs = 5_000, everyMs = 10, signal }: WaitOptions,
): Promise<T> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    let cause: unknown;
    try {
      const result = await check();
      if (result !== undefined && result !== false) return result;
    } catch (error) {
      cause = error;
    }
    if (performance.now() >= end) {
      throw new Error(`waited ${deadlineMs} ms in vain for ${what}`, { cause });
    }
    await pause(everyMs, undefined, { signal });
  }
}
