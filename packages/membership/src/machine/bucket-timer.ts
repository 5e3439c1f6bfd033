import { bucketWords, isEmpty, noBuckets, type BucketSet } from '../bucket-set.ts';

interface Cohort {
  readonly since: number;
  readonly buckets: BucketSet;
}

/** For how long each bucket has been in a set without a break. */
export class BucketTimer {
  #cohorts: Cohort[] = [];

  /** States which buckets are in the set now; those that left it start anew when they come back. */
  update(set: BucketSet, now: number): void {
    if (this.#cohorts.length === 0 && isEmpty(set)) return;
    const fresh = Uint32Array.from(set);
    for (const { buckets } of this.#cohorts) {
      for (let word = 0; word < bucketWords; word++) {
        buckets[word] = (buckets[word] ?? 0) & (set[word] ?? 0);
        fresh[word] = (fresh[word] ?? 0) & ~(buckets[word] ?? 0);
      }
    }
    this.#cohorts = this.#cohorts.filter(({ buckets }) => !isEmpty(buckets));
    if (!isEmpty(fresh)) this.#cohorts.push({ since: now, buckets: fresh });
  }

  clear(): void {
    this.#cohorts = [];
  }

  /** The buckets that have been in the set for at least that long; undefined where there are none. */
  elapsed(durationMs: number, now: number): BucketSet | undefined {
    let result: BucketSet | undefined;
    for (const { since, buckets } of this.#cohorts) {
      if (now < since + durationMs) continue;
      result ??= noBuckets();
      for (let word = 0; word < bucketWords; word++) {
        result[word] = (result[word] ?? 0) | (buckets[word] ?? 0);
      }
    }
    return result;
  }

  /** When the next bucket will have been in the set for that long; Infinity where none is left to come. */
  nextElapse(durationMs: number, now: number): number {
    for (const { since } of this.#cohorts) {
      if (since + durationMs > now) return since + durationMs;
    }
    return Infinity;
  }
}
