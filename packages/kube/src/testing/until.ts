import { setTimeout as pause } from 'node:timers/promises';

/** Looks until it is so. @throws Error when the deadline (default 15 000 ms) has passed, with what `check` threw last */
export async function until(
  what: string,
  check: () => boolean | Promise<boolean>,
  deadlineMs = 15_000,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    let cause: unknown;
    try {
      if (await check()) return;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > endMs) {
      throw new Error(`waited ${deadlineMs} ms in vain until ${what}`, { cause });
    }
    await pause(20);
  }
}
