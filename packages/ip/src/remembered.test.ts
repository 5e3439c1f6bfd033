import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remembered } from './remembered.ts';

test('what comes again is not made again, until there is too much of it', () => {
  const made: number[] = [];
  const double = remembered(2, (value: number) => {
    made.push(value);
    return 2 * value;
  });
  assert.deepEqual([1, 2, 1, 2].map(double), [2, 4, 2, 4]);
  assert.deepEqual(made, [1, 2]);
  assert.equal(double(3), 6);
  assert.deepEqual([3, 1].map(double), [6, 2]);
  assert.deepEqual(made, [1, 2, 3, 1]);
});

test('what cannot be made is not remembered', () => {
  const fails = remembered(2, (): string => {
    throw new RangeError('no');
  });
  assert.throws(() => fails(1), RangeError);
  assert.throws(() => fails(1), RangeError);
});
