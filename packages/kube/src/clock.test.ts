import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sleep, systemClock } from './clock.ts';

test('what is far away does not happen at once', async () => {
  let happened = false;
  using _far = systemClock.schedule(2 ** 40, () => (happened = true));
  await sleep(systemClock, 5);
  assert.equal(happened, false);
});
