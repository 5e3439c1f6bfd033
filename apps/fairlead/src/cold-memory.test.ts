import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ColdMemory } from './cold-memory.ts';
import { createLog } from './log.ts';

const MIB = 2 ** 20;

test('memory is given back when the process has grown, and once more after the rest', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let [nowMs, residentMib, collections] = [0, 0, 0];
  t.mock.method(performance, 'now', () => nowMs);
  t.mock.method(process.memoryUsage, 'rss', () => residentMib * MIB);
  const before = globalThis.gc;
  globalThis.gc = (async () => void (collections += 1)) as typeof gc;
  try {
    using _ = new ColdMemory(createLog('silent', {}));
    /** How often it was given back in a minute in which the process has that size. */
    const minuteAt = (mebibytes: number): number => {
      residentMib = mebibytes;
      collections = 0;
      for (let look = 0; look < 12; look += 1) {
        nowMs += 5_000;
        t.mock.timers.tick(5_000);
      }
      return collections;
    };
    assert.equal(minuteAt(20), 0, 'not worth the work');
    assert.equal(minuteAt(60), 2);
    assert.equal(minuteAt(60), 0);
    assert.equal(minuteAt(91), 0);
    assert.equal(minuteAt(92), 2);
    assert.equal(minuteAt(92), 0);
  } finally {
    globalThis.gc = before;
  }
});
