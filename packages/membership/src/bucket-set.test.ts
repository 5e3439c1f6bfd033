import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '@fairlead/ip';
import fc from 'fast-check';
import {
  bucketCount,
  bucketOf,
  bucketsOf,
  countBuckets,
  difference,
  hasBucket,
  intersection,
  isEmpty,
  removeBucket,
  sameBuckets,
  unite,
} from './bucket-set.ts';
import { bucketSet } from './codec/sample.ts';

test('an address has one bucket for ever, on every node', () => {
  const bucket = (text: string): number => {
    const address = parseAddress(text);
    assert.ok(address);
    return bucketOf(address);
  };
  assert.equal(bucket('192.0.2.10'), 428);
  assert.equal(bucket('2001:db8::10'), bucket('2001:0DB8:0::10'));
});

test('the addresses of an aligned block have a bucket each', () => {
  for (const block of [4, 8]) {
    const buckets = new Set<number>();
    for (let host = 0; host < bucketCount; host++) {
      const address = parseAddress(`10.1.${block + (host >> 8)}.${host & 255}`);
      assert.ok(address);
      buckets.add(bucketOf(address));
    }
    assert.equal(buckets.size, bucketCount);
  }
});

test('thousands of addresses spread evenly', () => {
  const counts = new Uint32Array(8);
  for (let host = 0; host < 4096; host++) {
    const address = parseAddress(`10.1.${host >> 8}.${host & 255}`);
    assert.ok(address);
    const part = bucketOf(address) % 8;
    counts[part] = (counts[part] ?? 0) + 1;
  }
  for (const count of counts) assert.ok(count > 430 && count < 600, [...counts].join(' '));
});

const someBuckets = fc.uniqueArray(fc.nat(bucketCount - 1), { maxLength: 200 });

test('a set of buckets is a set', () => {
  fc.assert(
    fc.property(someBuckets, someBuckets, (a, b) => {
      const [setA, setB] = [bucketSet(...a), bucketSet(...b)];
      const sorted = (buckets: Iterable<number>): number[] => [...buckets].sort((x, y) => x - y);
      assert.deepEqual(bucketsOf(setA), sorted(a));
      assert.equal(countBuckets(setA), a.length);
      assert.equal(isEmpty(setA), a.length === 0);
      const inBoth = new Set(a).intersection(new Set(b));
      assert.deepEqual(bucketsOf(intersection(setA, setB)), sorted(inBoth));
      assert.deepEqual(
        bucketsOf(difference(setA, setB)),
        sorted(new Set(a).difference(new Set(b))),
      );
      unite(setA, setB);
      assert.deepEqual(bucketsOf(setA), sorted(new Set([...a, ...b])));
      for (const bucket of a) removeBucket(setA, bucket);
      assert.ok(a.every((bucket) => !hasBucket(setA, bucket)));
      assert.ok(sameBuckets(setA, bucketSet(...new Set(b).difference(new Set(a)))));
    }),
  );
});
