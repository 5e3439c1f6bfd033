import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitFor } from './wait-for.ts';

test('gives what the check gave once it gave something', async () => {
  let calls = 0;
  const found = await waitFor(() => (++calls === 3 ? 'there' : undefined), {
    what: 'three calls',
    everyMs: 1,
  });
  assert.equal(found, 'there');
  assert.equal(calls, 3);
});

test('says in vain for what, and why the last check failed', async () => {
  const cause = new Error('not yet');
  const waiting = waitFor(() => Promise.reject(cause), { what: 'rain', deadlineMs: 5, everyMs: 1 });
  await assert.rejects(waiting, { message: 'waited 5 ms in vain for rain', cause });
});
