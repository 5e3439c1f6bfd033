import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpAddress } from '@fairlead/ip';
import { bucketCount, bucketOf } from '@fairlead/membership';
import { holderOf, type HoldingNode } from './holders.ts';

const address = '192.0.2.100' as IpAddress;

function bitmap(...buckets: readonly number[]): string {
  const bytes = new Uint8Array(bucketCount / 8);
  for (const bucket of buckets) bytes[bucket >> 3] = 1 << (bucket & 7);
  return Buffer.from(bytes).toString('base64');
}

function node(name: string, since: string, more: Partial<HoldingNode> = {}): HoldingNode {
  const buckets = bitmap(bucketOf(address));
  const held = [{ announcement: '', interface: 'eth0', count: 1, buckets, since }];
  return { node: name, ready: true, held, ...more };
}

test('the node whose report has the bucket of the address answers for it', () => {
  const other = bitmap((bucketOf(address) + 1) % bucketCount);
  const idle = node('a', '2026-01-01T00:00:09Z', {
    held: [{ announcement: '', interface: 'eth0', count: 1, buckets: other, since: '' }],
  });
  assert.deepEqual(holderOf([idle, node('b', '2026-01-01T00:00:00Z')], address, ''), {
    node: 'b',
    interface: 'eth0',
    sinceMs: Date.UTC(2026, 0, 1),
  });
});

test('the report of a node that died loses against that of the one that took over', () => {
  const dead = node('a', '2026-01-01T00:00:00Z');
  const heir = node('b', '2026-01-01T00:00:07Z');
  assert.equal(holderOf([dead, heir], address, '')?.node, 'b');
  assert.equal(holderOf([heir, dead], address, '')?.node, 'b');
});

test('a node that is ready counts before one that is not', () => {
  const gone = node('a', '2026-01-01T00:00:07Z', { ready: false });
  assert.equal(holderOf([gone, node('b', '2026-01-01T00:00:00Z')], address, '')?.node, 'b');
  assert.equal(holderOf([gone], address, '')?.node, 'a', 'better than nothing');
});

test('buckets belong to an Announcement', () => {
  assert.equal(holderOf([node('a', '2026-01-01T00:00:00Z')], address, 'edge'), undefined);
  assert.equal(holderOf([], address, ''), undefined);
});
