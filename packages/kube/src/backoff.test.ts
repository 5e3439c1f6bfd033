import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Backoff, backoffMs } from './backoff.ts';

const policy = { initialMs: 100, maximumMs: 1_500, factor: 2, jitter: 0 };

test('waits double up to the maximum, and begin anew after a success', () => {
  const backoff = new Backoff(policy, Math.random);
  assert.deepEqual(
    Array.from({ length: 6 }, () => backoff.fail()),
    [100, 200, 400, 800, 1_500, 1_500],
  );
  backoff.succeed();
  assert.equal(backoff.fail(), 100);
});

test('chance takes away no more than its share, and nothing exceeds the maximum', () => {
  const policies = fc.record({
    initialMs: fc.integer({ min: 1, max: 10_000 }),
    maximumMs: fc.integer({ min: 1, max: 100_000 }),
    factor: fc.double({ min: 1, max: 10, noNaN: true }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(policies, fc.nat(), random, (policy, failures, chance) => {
      const most = backoffMs({ ...policy, jitter: 0 }, failures, () => chance);
      const wait = backoffMs(policy, failures, () => chance);
      assert.ok(most <= policy.maximumMs);
      assert.ok(wait <= most && wait >= most * (1 - policy.jitter));
      assert.ok(most >= Math.min(policy.initialMs, policy.maximumMs));
    }),
  );
});
