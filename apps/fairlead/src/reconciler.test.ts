import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { test } from 'node:test';
import { Reconciler } from './reconciler.ts';

test('any number of requests before it runs is one run', async () => {
  let runs = 0;
  const reconciler = new Reconciler(
    () => void (runs += 1),
    () => {},
  );
  for (let request = 0; request < 10; request += 1) reconciler.request();
  await nextTurn();
  assert.equal(runs, 1);
});

test('a request from within a run is another run', async () => {
  let runs = 0;
  const reconciler: Reconciler = new Reconciler(
    () => {
      runs += 1;
      if (runs < 3) reconciler.request();
    },
    () => {},
  );
  reconciler.request();
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  assert.equal(runs, 3);
});

test('a failure is told once, however often it comes, and is over with the first success', async () => {
  const told: string[] = [];
  let words = 'the kernel says no';
  const reconciler = new Reconciler(
    () => {
      if (words !== '') throw new Error(words);
    },
    ({ message }) => told.push(message),
  );
  const run = async (): Promise<void> => {
    reconciler.request();
    await nextTurn();
  };
  await run();
  await run();
  words = 'the kernel says never';
  await run();
  assert.deepEqual(told, ['the kernel says no', 'the kernel says never']);
  assert.equal(reconciler.failure?.message, words);
  words = '';
  await run();
  assert.equal(reconciler.failure, undefined);
  words = 'the kernel says never';
  await run();
  assert.equal(told.length, 3);
  reconciler.close();
});

test('what failed is tried again each second, however often it was asked for meanwhile', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let runs = 0;
  const reconciler = new Reconciler(
    () => {
      runs += 1;
      if (runs < 14) throw new Error('the kernel says no');
    },
    () => {},
    () => 0,
  );
  for (let request = 0; request < 10; request += 1) {
    reconciler.request();
    await nextTurn();
  }
  assert.equal(runs, 10);
  for (let second = 1; second <= 10; second += 1) {
    t.mock.timers.tick(999);
    await nextTurn();
    assert.equal(runs, Math.min(9 + second, 14));
    t.mock.timers.tick(1);
    await nextTurn();
  }
  assert.equal(runs, 14);
});

test('once closed it does not run any more', async () => {
  let runs = 0;
  const reconciler = new Reconciler(
    () => void (runs += 1),
    () => {},
  );
  reconciler.request();
  reconciler.close();
  await nextTurn();
  assert.equal(runs, 0);
});

/** One each of whose runs takes 60 ms by a clock that stands still otherwise, and how many there were. */
function slowReconciler(): { readonly reconciler: Reconciler; readonly runs: () => number } {
  let [runs, nowMs] = [0, 0];
  const reconciler = new Reconciler(
    () => {
      runs += 1;
      nowMs += 60;
    },
    () => {},
    () => nowMs,
  );
  return { reconciler, runs: () => runs };
}

test('after a long run it rests as long: whatever is asked meanwhile is one run', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { reconciler, runs } = slowReconciler();
  reconciler.request();
  await nextTurn();
  for (let request = 0; request < 10; request += 1) {
    reconciler.request();
    await nextTurn();
  }
  t.mock.timers.tick(59);
  assert.equal(runs(), 1);
  t.mock.timers.tick(1);
  assert.equal(runs(), 2);
});

test('what cannot wait is not rested for, and is one run with what was to come after the rest', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { reconciler, runs } = slowReconciler();
  reconciler.request();
  await nextTurn();
  reconciler.request();
  await nextTurn();
  assert.equal(runs(), 1);
  reconciler.requestAtOnce();
  reconciler.requestAtOnce();
  await nextTurn();
  assert.equal(runs(), 2);
  t.mock.timers.tick(60);
  assert.equal(runs(), 2);
  reconciler.close();
});

test('garbage is collected once nothing has run for a while', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const collected: unknown[] = [];
  const before = globalThis.gc;
  globalThis.gc = (async (options: unknown) => void collected.push(options)) as typeof gc;
  try {
    const reconciler = new Reconciler(
      () => {},
      () => {},
      () => 0,
    );
    for (let round = 0; round < 3; round += 1) {
      reconciler.request();
      await nextTurn();
      t.mock.timers.tick(99);
    }
    assert.deepEqual(collected, []);
    t.mock.timers.tick(1);
    assert.deepEqual(collected, [{ type: 'minor' }]);
    reconciler.request();
    await nextTurn();
    reconciler.close();
    t.mock.timers.tick(1000);
    assert.equal(collected.length, 1);
  } finally {
    globalThis.gc = before;
  }
});
