import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeclaredTiming, readingSpacing, timingFor } from './timing.ts';

test('a small segment beats every 75 ms and waits for four', () => {
  assert.deepEqual(timingFor(3, true), { intervalMs: 75, deadAfterMs: 300, ttlMs: 200 });
});

test('without the real-time scheduler both take longer', () => {
  assert.deepEqual(timingFor(3, false), { intervalMs: 100, deadAfterMs: 500, ttlMs: 375 });
});

test('a big segment beats so slowly that a node sends no more than 500 heartbeats a second', () => {
  for (let nodes = 2; nodes <= 64; nodes++) {
    const { intervalMs } = timingFor(nodes, true);
    assert.ok(((nodes - 1) * 1000) / intervalMs <= 500, `${nodes} nodes`);
  }
});

test('up to 50 nodes a dead one is given up within half a second, and 31 are as fast as two', () => {
  assert.deepEqual(timingFor(31, true), timingFor(2, true));
  assert.ok(timingFor(50, true).deadAfterMs < 500);
});

test('one lost heartbeat never makes two owners', () => {
  for (const roundRobin of [true, false]) {
    for (const nodes of [2, 10, 50]) {
      const { intervalMs, deadAfterMs, ttlMs } = timingFor(nodes, roundRobin);
      assert.ok(ttlMs + intervalMs + 25 <= deadAfterMs);
    }
  }
});

test('small segments read at once, big ones together, within the margin of a lost heartbeat', () => {
  assert.equal(readingSpacing(10), 0);
  for (let nodes = 11; nodes <= 64; nodes++)
    assert.ok(readingSpacing(nodes) < 25, `${nodes} nodes`);
});

test('a changed interval is declared at once, but until dead-after has passed the smaller TTL holds', () => {
  const declared = new DeclaredTiming(timingFor(10, true));
  assert.ok(declared.declare(timingFor(50, true), 1000));
  assert.equal(declared.current.intervalMs, 120);
  assert.equal(declared.ttlMs(1479), 200);
  assert.equal(declared.ttlMs(1480), 335);
  assert.ok(!declared.declare(timingFor(50, true), 1500));
  declared.declare(timingFor(10, true), 2000);
  assert.equal(declared.ttlMs(2000), 200);
});
