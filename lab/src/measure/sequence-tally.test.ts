import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SequenceTally } from './sequence-tally.ts';

function tallyOf(sent: number, arrivals: readonly number[]): ReturnType<SequenceTally['result']> {
  const tally = new SequenceTally();
  for (let n = 0; n < sent; n++) tally.send(n);
  for (const [n, number] of arrivals.entries()) tally.receive(number, 100 + 10 * n);
  return tally.result();
}

test('all that was sent came back', () => {
  assert.deepEqual(tallyOf(3, [0, 1, 2]), {
    sent: 3,
    received: 3,
    lost: 0,
    duplicated: 0,
    outOfOrder: 0,
    longestGapMs: 10,
    lostRuns: [],
  });
});

test('what is lost is told as runs, with the times they were sent', () => {
  assert.deepEqual(tallyOf(6, [1, 4]).lostRuns, [
    { first: 0, last: 0, firstSentMs: 0, lastSentMs: 0 },
    { first: 2, last: 3, firstSentMs: 2, lastSentMs: 3 },
    { first: 5, last: 5, firstSentMs: 5, lastSentMs: 5 },
  ]);
});

test('a second arrival is a duplicate, not also out of order', () => {
  const { received, duplicated, outOfOrder } = tallyOf(3, [0, 2, 1, 1, 0]);
  assert.deepEqual(
    { received, duplicated, outOfOrder },
    { received: 3, duplicated: 2, outOfOrder: 1 },
  );
});

test('numbers never sent do not count', () => {
  assert.equal(tallyOf(2, [2, 7, -1, Number.NaN]).received, 0);
});

test('every number is received or lost, every arrival a first or a duplicate', () => {
  const arrivals = fc.array(fc.integer({ min: 0, max: 19 }));
  fc.assert(
    fc.property(arrivals, (numbers) => {
      const result = tallyOf(20, numbers);
      assert.equal(result.received, new Set(numbers).size);
      assert.equal(result.received + result.duplicated, numbers.length);
      const lost = result.lostRuns.reduce((sum, { first, last }) => sum + last - first + 1, 0);
      assert.equal(lost, result.lost);
      assert.equal(result.received + lost, 20);
    }),
  );
});
