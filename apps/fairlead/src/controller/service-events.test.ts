import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition, PublishedStatus } from '@fairlead/cluster';
import { serviceEvents } from './service-events.ts';
import { published } from '../testing/sample-service.ts';
import { allocated } from './testing/sample-round.ts';

const failed = allocated([], { status: 'False', reason: 'NoFreeAddress' });
const invalid = allocated(['192.0.2.1'], { status: 'False', reason: 'AddressKept' });

function announced(
  status: PublishedStatus,
  verdict: Condition['status'],
  reason: string,
): PublishedStatus {
  const lastTransitionTime = '2020-01-01T00:00:00Z';
  const condition = {
    type: 'fairlead.dev/Announced',
    status: verdict,
    reason,
    message: 'why',
    lastTransitionTime,
  };
  return { ...status, conditions: [...status.conditions, condition] };
}

const one = allocated(['192.0.2.1']);
const cases: readonly (readonly [string, PublishedStatus, PublishedStatus, readonly string[]])[] = [
  ['a first address', published(), one, ['Normal Allocated']],
  ['none at first', published(), failed, ['Warning AllocationFailed']],
  ['an address at last', failed, one, ['Normal Allocated']],
  ['none still', failed, failed, []],
  ['another address', one, allocated(['192.0.2.2']), ['Normal AddressChanged']],
  ['an address that is lost', one, failed, ['Warning AllocationFailed']],
  ['a Service that becomes unusable', one, invalid, ['Warning AllocationFailed']],
  ['one that is mended', invalid, one, ['Normal Allocated']],
  ['one that is no longer ours', one, published(), ['Normal Released']],
  ['an announcement as expected', one, announced(one, 'True', 'Announced'), []],
  ['agents that have not reported', one, announced(one, 'Unknown', 'NoAgents'), []],
  [
    'a conflict',
    announced(one, 'True', 'Announced'),
    announced(one, 'False', 'AddressConflict'),
    ['Warning AnnounceFailed'],
  ],
  [
    'a conflict that is over',
    announced(one, 'False', 'AddressConflict'),
    announced(one, 'True', 'Announced'),
    ['Normal Announced'],
  ],
  [
    'an address to announce at last',
    announced(failed, 'False', 'NotAllocated'),
    announced(one, 'True', 'Announced'),
    ['Normal Allocated'],
  ],
  [
    'nothing to announce any more',
    announced(one, 'True', 'Announced'),
    announced(failed, 'False', 'NotAllocated'),
    ['Warning AllocationFailed'],
  ],
];

for (const [what, before, after, expected] of cases) {
  test(`${what}: ${expected.join(', ') || 'no event'}`, () => {
    const events = serviceEvents(before, after);
    assert.deepEqual(
      events.map(({ type, reason }) => `${type} ${reason}`),
      expected,
    );
    for (const { note } of events) assert.notEqual(note, '');
  });
}

test('an address that changed or is lost is named', () => {
  assert.match(
    serviceEvents(one, allocated(['192.0.2.2']))[0]?.note ?? '',
    /Before: 192\.0\.2\.1\.$/u,
  );
  assert.match(serviceEvents(one, failed)[0]?.note ?? '', /It had 192\.0\.2\.1\.$/u);
  assert.match(serviceEvents(one, published())[0]?.note ?? '', /192\.0\.2\.1 is free/u);
});
