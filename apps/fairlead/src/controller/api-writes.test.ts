import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serviceStatus } from './api-writes.ts';
import { published } from '../testing/sample-service.ts';
import { allocated, ip } from './testing/sample-round.ts';

const has = allocated(['192.0.2.1', '2001:db8::1']);
const none = allocated([], { status: 'False', reason: 'NoFreeAddress' });
const foreign = published({ addresses: [ip('203.0.113.1')] });

test('addresses are written as virtual ones', () => {
  assert.deepEqual(serviceStatus(published(), has), {
    loadBalancer: {
      ingress: [
        { ip: '192.0.2.1', ipMode: 'VIP' },
        { ip: '2001:db8::1', ipMode: 'VIP' },
      ],
    },
    conditions: has.conditions,
  });
});

test('what we said before is taken back, what somebody else said is left alone', () => {
  const { conditions } = none;
  assert.deepEqual(serviceStatus(has, none), { loadBalancer: { ingress: [] }, conditions });
  assert.deepEqual(serviceStatus(foreign, none), { conditions });
});

test('of a Service that is released nothing is ours any more', () => {
  assert.deepEqual(serviceStatus(has, published()), {});
});
