import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  answersByPod,
  disguisedAttempts,
  longestGap,
  lostAttempts,
  type Attempt,
} from './attempts.ts';

const me = { address: '192.0.2.100', port: 40_000 };

function attempt(startedMs: number, outcome: Pick<Attempt, 'answer' | 'error' | 'local'>): Attempt {
  const question = { protocol: 'tcp', address: '192.0.2.240', port: 80 } as const;
  return { kind: 'attempt', ...question, startedMs, endedMs: startedMs + 1, ...outcome };
}

function good(startedMs: number, client = me.address, pod = 'web'): Attempt {
  return attempt(startedMs, { local: me, answer: { pod, client, clientPort: me.port } });
}

function bad(startedMs: number): Attempt {
  return attempt(startedMs, { error: 'timeout' });
}

test('an outage is from the last attempt that got through to the next, by when they began', () => {
  const seen = [good(0), good(10), bad(20), bad(30), good(40), good(50)];
  assert.deepEqual(longestGap(seen), { fromMs: 10, toMs: 40, ms: 30, failed: 2 });
  assert.equal(lostAttempts(seen).length, 2);
});

test('attempts count by when they began, in whatever order they ended', () => {
  const seen = [good(40), bad(20), good(10), good(0), bad(30)];
  assert.deepEqual(longestGap(seen), { fromMs: 10, toMs: 40, ms: 30, failed: 2 });
});

test('without two successes there is no gap to measure', () => {
  assert.equal(longestGap([bad(0), bad(10)]), undefined);
  assert.equal(longestGap([bad(0), good(10)]), undefined);
});

test('a client whose pod saw somebody else was disguised', () => {
  const otherPort = attempt(3, {
    local: me,
    answer: { pod: 'web', client: me.address, clientPort: 1 },
  });
  const seen = [good(0), good(1, '192.0.2.11'), bad(2), otherPort];
  assert.deepEqual(
    disguisedAttempts(seen).map(({ startedMs }) => startedMs),
    [1, 3],
  );
});

test('answers are counted by pod', () => {
  const seen = [good(0), good(1, me.address, 'b'), good(2), bad(3)];
  assert.deepEqual(
    [...answersByPod(seen)],
    [
      ['web', 2],
      ['b', 1],
    ],
  );
});
