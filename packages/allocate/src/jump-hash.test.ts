import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { jumpHash } from './jump-hash.ts';

describe('jump consistent hash', () => {
  // From the test of github.com/dgryski/go-jump, which were made with the program of the paper.
  const vectors = [
    [1n, 1, 0],
    [42n, 57, 43],
    [0xdead10ccn, 1, 0],
    [0xdead10ccn, 666, 361],
    [256n, 1024, 520],
  ] as const;
  for (const [key, buckets, expected] of vectors) {
    it(`gives ${expected} for key ${key} and ${buckets} buckets`, () => {
      assert.equal(jumpHash(key, buckets), expected);
    });
  }

  const keys = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const counts = fc.integer({ min: 1, max: 2 ** 31 });

  it('gives a bucket that exists', () => {
    fc.assert(
      fc.property(keys, counts, (key, buckets) => {
        const bucket = jumpHash(key, buckets);
        assert.ok(Number.isInteger(bucket) && bucket >= 0 && bucket < buckets);
      }),
    );
  });

  it('moves a key only into buckets that are added', () => {
    fc.assert(
      fc.property(keys, counts, counts, (key, a, b) => {
        const fewer = Math.min(a, b);
        const bucket = jumpHash(key, Math.max(a, b));
        if (bucket < fewer) assert.equal(jumpHash(key, fewer), bucket);
      }),
    );
  });
});
