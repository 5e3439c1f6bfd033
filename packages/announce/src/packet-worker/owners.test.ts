import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SegmentSnapshot } from '@fairlead/membership';
import { Owners } from './owners.ts';

/** Only what is looked at: who holds buckets 0 and 1 of Announcement 7. */
function seen(...holders: readonly number[]): SegmentSnapshot {
  const announcements = [{ id: 7, holders: Int8Array.from(holders), nodes: ['a', 'b'] }];
  return { announcements } as unknown as SegmentSnapshot;
}

test('an owner is known since it was first seen, and anew after another', () => {
  const owners = new Owners();
  owners.update(seen(0, 1), 100);
  owners.update(seen(0, 0), 200);
  assert.deepEqual(owners.of(7, 0), { node: 'a', since: 100 });
  assert.deepEqual(owners.of(7, 1), { node: 'a', since: 200 });
});

test('a bucket that nobody holds has no owner', () => {
  const owners = new Owners();
  owners.update(seen(0, 1), 100);
  owners.update(seen(0, -1), 200);
  assert.equal(owners.of(7, 1), undefined);
});

test('it looks once a second at most', () => {
  const owners = new Owners();
  owners.look(() => seen(0), 0);
  owners.look(() => seen(1), 999);
  assert.equal(owners.of(7, 0)?.node, 'a');
  owners.look(() => seen(1), 1000);
  assert.equal(owners.of(7, 0)?.node, 'b');
});
