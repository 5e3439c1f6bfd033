import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressFromInteger } from '@fairlead/ip';
import { membershipKey, SegmentMember } from '@fairlead/membership';
import { IDLE } from '../claim.ts';
import { summarizeSegment } from './report.ts';
import type { SegmentClaim } from './segment-claims.ts';

/** A node that has met nobody. */
function snapshot() {
  const config = {
    macs: [],
    peers: [],
    announcements: [],
    keys: [membershipKey(new Uint8Array(32).fill(7))] as const,
    excluded: false,
    ready: true,
    fresh: true,
    roundRobin: false,
  };
  const io = {
    now: () => 0n,
    receive: () => undefined,
    send: () => {},
    storeFence: () => {},
    askEcho: () => {},
    random: () => 1,
  };
  const handlers = { onHolding: () => {}, onReannounce: () => {} };
  return new SegmentMember({ node: 'a', clusterId: 'c1' }, config, io, handlers).snapshot();
}

test('addresses that the kernel has no room for are a problem that names some of them', () => {
  const claims = Array.from({ length: 9 }, (_, index): SegmentClaim => {
    const address = addressFromInteger(4, 0xc0000264n + BigInt(index));
    const plan = { address, announcement: 0, services: [] };
    return { plan, bucket: 0, addedLate: false, claim: IDLE, hasRoom: index > 6 };
  });
  const knowledge = { interfaceName: 'eth0', claims, snapshot: snapshot(), problems: [] };
  const { problems } = summarizeSegment({ ...knowledge, sendFailures: new Map() });
  assert.equal(problems.length, 1);
  assert.match(problems[0] ?? '', /no room for 192\.0\.2\.100, .*192\.0\.2\.104 and 2 more: /);
});
