import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceKey } from '@fairlead/cluster';
import { FreedAddresses } from './freed-addresses.ts';
import { service } from '../testing/sample-service.ts';
import { ip, pool, stateOf } from './testing/sample-round.ts';

const web = 'default/web' as ServiceKey;
const address = ip('192.0.2.1');
const pools = [pool('lan', ['192.0.2.0/24'], { reuseAfterMs: 10_000 })];
const held = new Map([[web, [address]]]);
const cooling = new Map([[address, web]]);
const present = stateOf({ pools, services: [service('web')] });
const gone = stateOf({ pools });

test('the address of a Service that is gone is kept from others in the same round, for its time', () => {
  const freed = new FreedAddresses();
  freed.update(held, pools, 0);
  assert.equal(freed.cooling(present, 1_000).size, 0);
  assert.deepEqual(freed.cooling(gone, 1_000), cooling);
  freed.update(new Map(), pools, 1_000);
  assert.equal(freed.nextMs, 11_000);
  assert.deepEqual(freed.cooling(gone, 10_999), cooling);
  assert.equal(freed.cooling(gone, 11_000).size, 0);
  assert.equal(freed.nextMs, undefined);
});

test('one that a Service which stays has lost is kept as well; one that is held again is not', () => {
  const freed = new FreedAddresses();
  freed.update(held, pools, 0);
  freed.update(new Map(), pools, 1_000);
  assert.deepEqual(freed.cooling(present, 1_001), cooling);
  freed.update(held, pools, 2_000);
  assert.equal(freed.cooling(present, 2_001).size, 0);
});

test('pools that keep nothing free at once', () => {
  const freed = new FreedAddresses();
  const plain = [pool('lan', ['192.0.2.0/24'])];
  freed.update(held, plain, 0);
  assert.equal(freed.cooling(stateOf({ pools: plain }), 1_000).size, 0);
});
