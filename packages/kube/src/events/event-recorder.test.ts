import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Event } from 'kubernetes-types/events/v1.d.ts';
import fc from 'fast-check';
import { VirtualClock } from '../testing/virtual-clock.ts';
import { ApiError } from '../transport/errors.ts';
import { EventAggregator, defaultLimits, type EventFact } from './event-aggregator.ts';
import { EventRecorder, type EventRecorderOptions } from './event-recorder.ts';

const fact: EventFact = {
  regarding: { apiVersion: 'v1', kind: 'Service', namespace: 'x', name: 'web', uid: 'u1' },
  type: 'Warning',
  reason: 'AddressConflict',
  action: 'Announce',
  note: '10.0.0.1 is used by 02:00:00:00:00:01',
};

function bench(fail?: (what: 'create' | 'patch') => Error | undefined) {
  const clock = new VirtualClock();
  const created: Event[] = [];
  const patches: unknown[] = [];
  const failures: string[] = [];
  const client = {
    clock,
    create: (_: unknown, event: Event) => {
      const error = fail?.('create');
      if (error !== undefined) return Promise.reject(error);
      created.push(event);
      return Promise.resolve(event);
    },
    mergePatch: (_: unknown, name: unknown, patch: unknown) => {
      const error = fail?.('patch');
      if (error !== undefined) return Promise.reject(error);
      patches.push([name, patch]);
      return Promise.resolve({});
    },
  } as unknown as EventRecorderOptions['client'];
  const recorder = new EventRecorder({
    client,
    controller: 'fairlead.dev/controller',
    instance: 'pod-1',
    random: () => 0.5,
    onFailure: (error) => failures.push(error.message),
  });
  const stopping = new AbortController();
  const running = recorder.run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
    assert.equal(clock.pending, 0);
  };
  return { clock, recorder, created, patches, failures, stop };
}

test('the first is written after a moment', async () => {
  const { clock, recorder, created, stop } = bench();
  recorder.record(fact);
  await clock.advance(99);
  assert.equal(created.length, 0);
  await clock.advance(1);
  assert.equal(created.length, 1);
  assert.deepEqual(created[0], {
    metadata: { namespace: 'x', name: created[0]?.metadata?.name },
    eventTime: '2030-01-01T00:00:01.100000Z',
    type: 'Warning',
    reason: 'AddressConflict',
    action: 'Announce',
    note: fact.note,
    regarding: fact.regarding,
    reportingController: 'fairlead.dev/controller',
    reportingInstance: 'pod-1',
  });
  assert.match(created[0]?.metadata?.name ?? '', /^web\.[0-9a-f]{16,}$/u);
  await stop();
});

test('what comes a hundred times a second is a handful of writes', async () => {
  const { clock, recorder, created, patches, stop } = bench();
  for (let at = 0; at < 60_000; at += 10) {
    recorder.record(fact);
    await clock.advance(10);
  }
  assert.equal(created.length, 1);
  assert.ok(patches.length >= 2 && patches.length <= 3, `${patches.length}`);
  const [, last] = patches.at(-1) as [unknown, { series: { count: number } }];
  assert.ok(last.series.count > 2_900);
  await stop();
});

test('a series whose event is gone is written anew', async () => {
  const gone = new ApiError(
    { method: 'PATCH', path: '/e' },
    404,
    { reason: 'NotFound' },
    undefined,
  );
  const { clock, recorder, created, failures, stop } = bench((what) =>
    what === 'patch' ? gone : undefined,
  );
  recorder.record(fact);
  await clock.advance(100);
  recorder.record(fact);
  await clock.advance(20_000);
  assert.deepEqual([created.length, failures], [2, []]);
  await stop();
});

test('what cannot be written is reported and not tried again', async () => {
  const { clock, recorder, failures, stop } = bench(() => new Error('forbidden'));
  recorder.record(fact);
  await clock.advance(100_000);
  assert.deepEqual(failures, ['forbidden']);
  await stop();
});

test('a flood about many objects is cut off, and says so', async () => {
  const { clock, recorder, created, stop } = bench();
  for (let at = 0; at < 1_000; at++) {
    recorder.record({ ...fact, regarding: { ...fact.regarding, name: `s${at}` } });
  }
  assert.equal(recorder.dropped, 1_000 - 256);
  await clock.advance(10_000);
  assert.ok(Math.abs(created.length - 100) <= 1, `${created.length}, not ten a second`);
  await stop();
});

test('long texts are cut between characters', async () => {
  const { clock, recorder, created, stop } = bench();
  recorder.record({ ...fact, note: 'ü'.repeat(1_000) });
  await clock.advance(100);
  const note = created[0]?.note ?? '';
  assert.ok(Buffer.byteLength(note) <= 1_024 && note.endsWith('ü…'), note.slice(-5));
  await stop();
});

test('one object has its limit, which leaves others theirs', () => {
  const aggregator = new EventAggregator({ ...defaultLimits, burst: 2 });
  const about = (name: string, note: string): EventFact => ({
    ...fact,
    note,
    regarding: { ...fact.regarding, name },
  });
  assert.ok(aggregator.add(about('a', '1'), 0));
  assert.ok(aggregator.add(about('a', '2'), 0));
  assert.equal(aggregator.add(about('a', '3'), 0), undefined);
  assert.ok(aggregator.add(about('b', '1'), 0));
  assert.equal(aggregator.dropped, 1);
  assert.ok(aggregator.add(about('a', '4'), defaultLimits.refillMs));
});

test('whatever happens, all that is counted is written in the end, at bounded cost', () => {
  const step = fc.record({ kind: fc.nat(3), afterMs: fc.nat(20_000) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const aggregator = new EventAggregator();
      const happened = new Map<string, number>();
      const written = new Map<string, number>();
      let nowMs = 0;
      let writes = 0;
      const take = (list: readonly ({ fact: EventFact; count: number } | undefined)[]): void => {
        for (const write of list) {
          if (write === undefined) continue;
          writes += 1;
          written.set(write.fact.note, write.count);
        }
      };
      for (const { kind, afterMs } of steps) {
        nowMs += afterMs;
        take(aggregator.due(nowMs));
        const note = `n${kind}`;
        take([aggregator.add({ ...fact, note }, nowMs)]);
        happened.set(note, (happened.get(note) ?? 0) + 1);
      }
      const spentMs = nowMs;
      for (let next = aggregator.nextDueMs(); next !== undefined; next = aggregator.nextDueMs()) {
        nowMs = Math.max(next, nowMs);
        take(aggregator.due(nowMs));
      }
      // A series that paused for six minutes begins anew; within the time here few do.
      if (spentMs < 360_000) assert.deepEqual(written, happened);
      assert.ok(writes <= 4 * (3 + spentMs / 10_000) + 4);
    }),
  );
});
