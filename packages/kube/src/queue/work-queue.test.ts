import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sleep } from '../clock.ts';
import { VirtualClock, settle } from '../testing/virtual-clock.ts';
import { ApiError } from '../transport/errors.ts';
import { TerminalError, WorkQueue, type WorkOutcome } from './work-queue.ts';

interface Bench {
  readonly clock: VirtualClock;
  readonly queue: WorkQueue<string>;
  /** Keys with when work on them began, ms since the start. */
  readonly begun: (readonly [string, number])[];
  readonly failures: (readonly [string, number | undefined])[];
  readonly stop: () => Promise<void>;
}

function bench(work: (key: string) => Promise<WorkOutcome>, workers = 1): Bench {
  const clock = new VirtualClock();
  const startMs = clock.nowMs();
  const begun: (readonly [string, number])[] = [];
  const failures: (readonly [string, number | undefined])[] = [];
  const queue = new WorkQueue<string>({
    clock,
    random: () => 0,
    workers,
    work: async (key) => {
      begun.push([key, clock.nowMs() - startMs]);
      return await work(key);
    },
    onFailure: (key, _, retryMs) => failures.push([key, retryMs]),
  });
  const stopping = new AbortController();
  const running = queue.run(stopping.signal);
  const stop = async (): Promise<void> => {
    stopping.abort();
    await running;
  };
  return { clock, queue, begun, failures, stop };
}

test('keys come in order, each once however often it was added', async () => {
  const { queue, begun, stop } = bench(() => Promise.resolve());
  for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
  await queue.idle();
  assert.deepEqual(
    begun.map(([key]) => key),
    ['a', 'b', 'c'],
  );
  await stop();
});

test('keys that are added first of all come before the others, in their own order', async () => {
  const { queue, begun, stop } = bench(() => Promise.resolve());
  for (const key of ['a', 'b', 'c']) queue.add(key);
  for (const key of ['c', 'd']) queue.addFirst(key);
  queue.add('d');
  await queue.idle();
  assert.deepEqual(
    begun.map(([key]) => key),
    ['c', 'd', 'a', 'b'],
  );
  await stop();
});

test('a key that was added first of all is first again after a failure, and only then', async () => {
  const works = [
    () => Promise.reject(new Error('not yet')),
    () => Promise.resolve({ againAfterMs: 100 }),
  ];
  const { clock, queue, begun, stop } = bench(async (key) => {
    await sleep(clock, 20);
    return key === 'urgent' ? await works.shift()?.() : undefined;
  });
  queue.addFirst('urgent');
  for (let at = 1; at <= 12; at++) queue.add(`other ${at}`);
  await clock.advance(300);
  assert.deepEqual(
    begun.filter(([key]) => key === 'urgent'),
    [
      ['urgent', 0],
      ['urgent', 80],
      ['urgent', 280],
    ],
  );
  await stop();
});

test('a key that is added first of all while it is worked on is the next', async () => {
  const { clock, queue, begun, stop } = bench(() => sleep(clock, 20));
  for (const key of ['a', 'b', 'c']) queue.add(key);
  await clock.advance(10);
  queue.addFirst('a');
  await clock.advance(100);
  assert.deepEqual(
    begun.map(([key]) => key),
    ['a', 'a', 'b', 'c'],
  );
  await stop();
});

test('a key that is added while it is worked on is worked on again, not at the same time', async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  const { queue, begun, stop } = bench(() => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    return gate.promise;
  }, 4);
  queue.add('a');
  await settle();
  queue.add('a');
  queue.add('a');
  await settle();
  assert.equal(begun.length, 1);
  gates[0]?.resolve();
  await settle();
  assert.equal(begun.length, 2);
  gates[1]?.resolve();
  await queue.idle();
  assert.equal(begun.length, 2);
  await stop();
});

test('failures wait longer each time, until one succeeds', async () => {
  let failing = 3;
  const { clock, queue, begun, failures, stop } = bench(() => {
    if (failing-- > 0) throw new Error('not yet');
    return Promise.resolve();
  });
  queue.add('a');
  await clock.advance(10_000);
  assert.deepEqual(begun, [
    ['a', 0],
    ['a', 50],
    ['a', 150],
    ['a', 350],
  ]);
  assert.deepEqual(failures, [
    ['a', 50],
    ['a', 100],
    ['a', 200],
  ]);
  assert.equal(queue.failuresOf('a'), 0);
  await stop();
});

test('one key that fails does not hold up another', async () => {
  const { clock, queue, begun, stop } = bench((key) =>
    key === 'bad' ? Promise.reject(new Error('always')) : Promise.resolve(),
  );
  queue.add('bad');
  queue.add('good');
  await clock.advance(1);
  assert.deepEqual(begun, [
    ['bad', 0],
    ['good', 0],
  ]);
  await stop();
});

test('a new reason to work on a key does not wait for its back-off', async () => {
  const { clock, queue, begun, stop } = bench(() => Promise.reject(new Error('always')));
  queue.add('a');
  await clock.advance(10);
  queue.add('a');
  await clock.advance(0);
  assert.deepEqual(begun, [
    ['a', 0],
    ['a', 10],
  ]);
  await stop();
});

test('what the API server asks for is waited for', async () => {
  const busy = new ApiError({ method: 'PATCH', path: '/x' }, 429, {}, 7_000);
  const { clock, queue, failures, stop } = bench(() => Promise.reject(busy));
  queue.add('a');
  await clock.advance(0);
  assert.deepEqual(failures, [['a', 7_000]]);
  await stop();
});

test('what cannot succeed is not tried again', async () => {
  const { clock, queue, begun, failures, stop } = bench(() =>
    Promise.reject(new TerminalError('bad object')),
  );
  queue.add('a');
  await clock.advance(1_000_000);
  assert.deepEqual([begun.length, failures], [1, [['a', undefined]]]);
  await stop();
});

test('work may ask to be done again, and the earliest wish counts', async () => {
  let first = true;
  const { clock, queue, begun, stop } = bench(() => {
    const again = first ? { againAfterMs: 500 } : undefined;
    first = false;
    return Promise.resolve(again);
  });
  queue.add('a');
  await clock.advance(0);
  queue.addAfter('a', 900);
  queue.addAfter('a', 200);
  await clock.advance(2_000);
  assert.deepEqual(begun, [
    ['a', 0],
    ['a', 200],
  ]);
  await stop();
  assert.equal(clock.pending, 0);
});

test('stopping waits for the work under way, and plans nothing more', async () => {
  const clock = new VirtualClock();
  let ended = false;
  const queue = new WorkQueue<string>({
    clock,
    random: Math.random,
    work: async (_, signal) => {
      await sleep(clock, 1_000, signal).catch(() => undefined);
      await settle();
      ended = true;
      throw new Error('late');
    },
    onFailure: () => assert.fail('it was stopped, it did not fail'),
  });
  const stopping = new AbortController();
  const running = queue.run(stopping.signal);
  queue.add('a');
  await settle();
  stopping.abort();
  await running;
  assert.deepEqual([ended, clock.pending], [true, 0]);
});

test('whatever is added whenever: never two workers for a key, and the last addition is seen', async () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(
    fc.record({ add: key }),
    fc.record({ advance: fc.nat(300) }),
    fc.record({ after: key, ms: fc.nat(300) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 30 }),
      fc.array(fc.record({ ms: fc.nat(200), fails: fc.boolean() }), { minLength: 5, maxLength: 5 }),
      fc.integer({ min: 1, max: 3 }),
      async (steps, works, workers) => {
        const clock = new VirtualClock();
        const busy = new Set<string>();
        const wanted = new Set<string>();
        let turns = 0;
        const queue = new WorkQueue<string>({
          clock,
          random: () => 0.5,
          workers,
          work: async (key) => {
            assert.ok(!busy.has(key) && busy.size < workers);
            busy.add(key);
            wanted.delete(key);
            // Failures end, else nothing would come to rest.
            const { ms, fails } = works[turns++ % works.length] ?? { ms: 0, fails: false };
            await sleep(clock, ms);
            busy.delete(key);
            if (fails && turns < 200) throw new Error('as told');
          },
          onFailure: () => undefined,
        });
        const stopping = new AbortController();
        const running = queue.run(stopping.signal);
        for (const step of steps) {
          if ('add' in step) {
            wanted.add(step.add);
            queue.add(step.add);
          } else if ('after' in step) {
            wanted.add(step.after);
            queue.addAfter(step.after, step.ms);
          } else await clock.advance(step.advance);
        }
        await clock.advance(100_000);
        assert.deepEqual([...wanted], []);
        stopping.abort();
        await running;
      },
    ),
    { numRuns: 40 },
  );
});
