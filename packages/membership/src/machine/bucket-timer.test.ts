import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bucketsOf } from '../bucket-set.ts';
import { bucketSet } from '../codec/sample.ts';
import { BucketTimer } from './bucket-timer.ts';

test('a bucket that leaves the set starts anew', () => {
  const timer = new BucketTimer();
  timer.update(bucketSet(1, 2), 0);
  timer.update(bucketSet(1), 50);
  timer.update(bucketSet(1, 2), 60);
  assert.deepEqual(bucketsOf(timer.elapsed(100, 100) ?? bucketSet()), [1]);
  assert.equal(timer.nextElapse(100, 100), 160);
  assert.deepEqual(bucketsOf(timer.elapsed(100, 160) ?? bucketSet()), [1, 2]);
  timer.update(bucketSet(), 170);
  assert.equal(timer.elapsed(0, 170), undefined);
  assert.equal(timer.nextElapse(100, 170), Infinity);
});

test('it agrees with one clock for each bucket', () => {
  const steps = fc.array(fc.tuple(fc.nat(30), fc.uniqueArray(fc.nat(9))), { maxLength: 30 });
  fc.assert(
    fc.property(steps, fc.nat(100), (changes, duration) => {
      const timer = new BucketTimer();
      const since = new Map<number, number>();
      let now = 0;
      for (const [passed, buckets] of changes) {
        now += passed;
        for (const bucket of since.keys()) if (!buckets.includes(bucket)) since.delete(bucket);
        for (const bucket of buckets) if (!since.has(bucket)) since.set(bucket, now);
        timer.update(bucketSet(...buckets), now);
        const expected = [...since].filter(([, start]) => now >= start + duration);
        assert.deepEqual(
          bucketsOf(timer.elapsed(duration, now) ?? bucketSet()),
          expected.map(([bucket]) => bucket).sort((a, b) => a - b),
        );
        const next = [...since.values()].map((start) => start + duration).filter((at) => at > now);
        assert.equal(timer.nextElapse(duration, now), Math.min(...next, Infinity));
      }
    }),
  );
});
