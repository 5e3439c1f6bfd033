/** What one list has and the other has not. */
export interface ListChange<T> {
  readonly gone: readonly T[];
  readonly fresh: readonly T[];
}

/**
 * What differs between two lists of objects that are mostly the same ones in the same order, as the plans of two
 * rounds are: nothing is allocated for what they begin and end with alike.
 */
export function listChange<T>(before: readonly T[], after: readonly T[]): ListChange<T> {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head++;
  let tail = 0;
  while (
    tail < shorter - head &&
    before[before.length - 1 - tail] === after[after.length - 1 - tail]
  )
    tail++;
  const gone = before.slice(head, before.length - tail);
  const fresh = after.slice(head, after.length - tail);
  if (gone.length === 0 || fresh.length === 0) return { gone, fresh };
  const had = new Set(gone);
  const has = new Set(fresh);
  return {
    gone: gone.filter((each) => !has.has(each)),
    fresh: fresh.filter((each) => !had.has(each)),
  };
}
