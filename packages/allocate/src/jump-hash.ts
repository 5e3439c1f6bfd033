const multiplier = 2862933555777941757n;

/**
 * Jump consistent hash (Lamping and Veach 2014): a whole number from 0 to `buckets` - 1. When buckets are
 * added at the end only the keys that go into the new ones move. `key` is an unsigned 64-bit integer,
 * `buckets` at most 2^31. Integers and IEEE 754 division only: the same on every machine.
 */
export function jumpHash(key: bigint, buckets: number): number {
  let state = key;
  let bucket = 0;
  let next = 0;
  while (next < buckets) {
    bucket = next;
    state = BigInt.asUintN(64, state * multiplier + 1n);
    next = Math.floor((bucket + 1) * (2 ** 31 / (Number(state >> 33n) + 1)));
  }
  return bucket;
}
