import { isDeepStrictEqual } from 'node:util';

/** What was there before, where what is there now is equal: those who remember by object need not look again. */
export function unchanged<T>(before: T | undefined, now: T): T {
  return before !== undefined && isDeepStrictEqual(before, now) ? before : now;
}
