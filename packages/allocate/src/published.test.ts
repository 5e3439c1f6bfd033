import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpAddress } from '@fairlead/ip';
import type { PublishedStatus, ServiceKey } from '@fairlead/cluster';
import { sampleService as service } from '@fairlead/cluster/testing';
import { publishedAllocations } from './published.ts';
import { pool, stateOf } from './testing/sample-state.ts';

const key = 'default/web' as ServiceKey;

function published(status?: 'True' | 'False'): PublishedStatus {
  const condition = {
    type: 'fairlead.dev/Allocated',
    reason: 'Allocated',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  return {
    uid: '1',
    addresses: ['192.0.2.7', '2001:db8::7'] as IpAddress[],
    conditions: status === undefined ? [] : [{ ...condition, status }],
  };
}

test('a Service has what the controller says that it gave it', () => {
  const web = service('web', { published: published('True') });
  const state = stateOf([pool('lan', ['192.0.2.0/28'])], [web]);
  assert.deepEqual(publishedAllocations(state).get(key)?.addresses, [
    { address: '192.0.2.7', pool: 'lan' },
    { address: '2001:db8::7', pool: '' },
  ]);
});

test('addresses that somebody else wrote, or that are refused, are none', () => {
  for (const status of [published(), published('False'), undefined]) {
    const web = service('web', status === undefined ? {} : { published: status });
    assert.deepEqual(publishedAllocations(stateOf([], [web])).get(key)?.addresses, []);
  }
});
