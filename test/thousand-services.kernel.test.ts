/**
 * A thousand Services over three nodes: how they are spread, what is on the wire, and what moves when a node is cut
 * off and comes back.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { monotonicMs, ThousandServices } from '@fairlead/lab';

/** A share may differ from an even one by this part of it. */
const EVEN_WITHIN = 0.15;
/** Addresses are announced again every minute; in between there are heartbeats. */
const QUIET_MS = 5_000;

let thousand: ThousandServices;

before(async () => {
  thousand = await ThousandServices.create('thousand');
});

after(() => thousand[Symbol.asyncDispose]());

test('they are spread evenly', async (t) => {
  const owners = [...(await thousand.settled()).values()];
  const even = owners.length / 3;
  for (const { name } of thousand.cluster.nodes) {
    const count = owners.filter((owner) => owner === name).length;
    t.diagnostic(`${name} has ${count} of ${owners.length} addresses`);
    assert.ok(Math.abs(count - even) <= EVEN_WITHIN * even, `${name} has ${count}`);
  }
});

test('only heartbeats are on the wire, and what kernels ask each other', async (t) => {
  const { hostAddresses } = thousand;
  const frames = await thousand.quiet(QUIET_MS);
  const heartbeats = frames.filter(({ meaning }) => meaning === 'heartbeat');
  t.diagnostic(`${heartbeats.length} heartbeats in ${QUIET_MS} ms`);
  const others = frames.filter((seen) => {
    switch (seen.meaning) {
      case 'question':
      case 'answer':
        return !hostAddresses.has(seen.address);
      case 'announcement':
      case 'other':
        return true;
      case 'heartbeat':
      // The switch asks now and then who is in which group.
      case 'groups':
        return false;
      default:
        return seen satisfies never;
    }
  });
  assert.deepEqual(others, []);
  assert.ok(heartbeats.length > 0);
});

test('a node that is cut off: only its addresses move, only they are announced; and back', async (t) => {
  const { nodes } = thousand.cluster;
  const [a, b, c] = nodes;
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  const before = await thousand.settled();
  await thousand.quiet(QUIET_MS);
  const cutMs = monotonicMs();
  const cut = await b.nic.cut();
  const meanwhile = await thousand.settled([a, c]);
  const lost = [...before].filter(([, owner]) => owner === b.name).map(([address]) => address);
  for (const [address, owner] of before) {
    if (owner === b.name) continue;
    assert.equal(meanwhile.get(address), owner, `${address} moved though its node was not cut off`);
  }
  await thousand.quiet(QUIET_MS);
  const taken = thousand.announced(cutMs);
  t.diagnostic(`${lost.length} addresses moved, announced by ${taken.length} frames`);
  assert.deepEqual([...new Set(taken.map(({ address }) => address))].sort(), lost.toSorted());

  const healedMs = monotonicMs();
  await cut.heal();
  assert.deepEqual(await thousand.settled(), before, 'the spread is as before');
  await thousand.quiet(QUIET_MS);
  const handedBack = thousand.announced(healedMs);
  t.diagnostic(`handed back, announced by ${handedBack.length} frames`);
  assert.deepEqual([...new Set(handedBack.map(({ address }) => address))].sort(), lost.toSorted());
  const bySomebodyElse = handedBack.filter(({ port }) => port !== b.nic.port);
  assert.deepEqual(bySomebodyElse, []);
});
