import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { listChange } from './list-change.ts';

test('what is in one list only, in its order', () => {
  assert.deepEqual(listChange(['a', 'b', 'c', 'd'], ['a', 'c', 'x', 'd']), {
    gone: ['b'],
    fresh: ['x'],
  });
  assert.deepEqual(listChange(['a', 'b'], ['a', 'b']), { gone: [], fresh: [] });
  assert.deepEqual(listChange([], ['a']), { gone: [], fresh: ['a'] });
});

test('is the difference of sets, whatever the order', () => {
  const list = fc.uniqueArray(fc.integer({ min: 0, max: 12 }));
  fc.assert(
    fc.property(list, list, (before, after) => {
      assert.deepEqual(listChange(before, after), {
        gone: before.filter((each) => !after.includes(each)),
        fresh: after.filter((each) => !before.includes(each)),
      });
    }),
  );
});
