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

test('an error is told and does not end it', async () => {
  const errors: unknown[] = [];
  const reconciler = new Reconciler(
    () => {
      throw new Error('the kernel says no');
    },
    (error) => errors.push(error),
  );
  reconciler.request();
  await nextTurn();
  reconciler.request();
  await nextTurn();
  assert.equal(errors.length, 2);
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

test('after a long run it rests as long: whatever is asked meanwhile is one run', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let [runs, nowMs] = [0, 0];
  const reconciler = new Reconciler(
    () => {
      runs += 1;
      nowMs += 60;
    },
    () => {},
    () => nowMs,
  );
  reconciler.request();
  await nextTurn();
  for (let request = 0; request < 10; request += 1) {
    reconciler.request();
    await nextTurn();
  }
  t.mock.timers.tick(59);
  assert.equal(runs, 1);
  t.mock.timers.tick(1);
  assert.equal(runs, 2);
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
