import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseAddress, parseMac, type IpAddress, type MacAddress } from '@fairlead/ip';
import type { NumberedResult } from '../measure/numbered.ts';
import type { Observation } from '../measure/observation.ts';
import { Evidence } from '../measure/witness.ts';
import { handedOver, nobodyLeft, takenOver, unnoticed } from './ownership-fault.ts';
import type { Trial } from './play-fault.ts';
import { faultsOf } from './verdict.ts';

const address = parseAddress('192.0.2.100') as IpAddress;
const macs: Readonly<Record<string, MacAddress>> = {
  a: parseMac('02:00:00:00:00:0a') as MacAddress,
  b: parseMac('02:00:00:00:00:0b') as MacAddress,
  foreign: parseMac('02:00:00:00:00:0f') as MacAddress,
};

interface Answering {
  readonly by: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A question every 5 ms for 4 s: broken from 1 000 ms on, healed at 2 000, settled at 3 000. */
function trial(
  answering: readonly Answering[],
  flows: Record<string, Partial<NumberedResult>> = {},
): Trial {
  const observations: Observation[] = [];
  for (let atMs = 0; atMs < 4_000; atMs += 5) {
    observations.push({ kind: 'asked', atMs });
    for (const { by, fromMs, toMs } of answering) {
      const mac = macs[by];
      if (mac === undefined || atMs < fromMs || atMs >= toMs) continue;
      observations.push({ kind: 'answer', atMs: atMs + 0.1, address, mac });
    }
  }
  const none: NumberedResult = {
    kind: 'result',
    localPort: 1,
    sent: 4_000,
    received: 4_000,
    lost: 0,
    duplicated: 0,
    outOfOrder: 0,
    longestGapMs: 1,
    lostRuns: [],
  };
  const results = Object.entries(flows).map(
    ([name, change]) => [name, { ...none, ...change }] as const,
  );
  return {
    evidence: new Evidence({
      addresses: [address],
      observations,
      flows: new Map(results),
      nameOf: (mac) => Object.keys(macs).find((name) => macs[name] === mac) ?? mac,
    }),
    others: ['b'],
    beganMs: 1_000,
    brokenMs: 1_050,
    healedMs: 2_000,
    settledMs: 3_000,
  };
}

const always: Answering = { by: 'a', fromMs: 0, toMs: 4_000 };
const lostFrom = (firstSentMs: number, lastSentMs: number): Partial<NumberedResult> => ({
  lost: 7,
  lostRuns: [{ first: 1, last: 7, firstSentMs, lastSentMs }],
});

describe('nothing may happen', () => {
  test('and nothing does', () => {
    assert.deepEqual(faultsOf(trial([always], { udp4: {}, tcp4: {} }), unnoticed), []);
  });

  test('but another node answers for a moment', () => {
    const taken = trial([always, { by: 'b', fromMs: 1_500, toMs: 1_600 }]);
    assert.deepEqual(faultsOf(taken, unnoticed), [
      '192.0.2.100 was answered for by a, b, expected: owner',
    ]);
  });

  test('but packets are lost and a connection breaks', () => {
    const flows = { udp4: lostFrom(500, 510), tcp6: { error: 'ECONNRESET' } };
    assert.deepEqual(faultsOf(trial([always], flows), unnoticed), [
      'udp4 lost 7 packets',
      'tcp6 ended with ECONNRESET',
    ]);
  });
});

describe('another node has to take over', () => {
  const before: Answering = { by: 'a', fromMs: 0, toMs: 1_000 };
  const meanwhile: Answering = { by: 'b', fromMs: 1_300, toMs: 2_600 };
  const after: Answering = { by: 'a', fromMs: 2_600, toMs: 4_000 };

  test('and does: what was lost until then may be lost', () => {
    const right = trial([before, meanwhile, after], { udp4: lostFrom(1_000, 1_299) });
    assert.deepEqual(faultsOf(right, takenOver), []);
  });

  test('but loses more later', () => {
    const wrong = trial([before, meanwhile, after], { udp4: lostFrom(2_100, 2_110) });
    assert.deepEqual(faultsOf(wrong, takenOver), [
      'packets were lost 1 times when none may be, allowed: until taken over',
    ]);
  });

  test('but the old owner answers when it is thawed', () => {
    const stale: Answering = { by: 'a', fromMs: 2_000, toMs: 2_010 };
    const wrong = trial([before, meanwhile, stale, after]);
    assert.deepEqual(faultsOf(wrong, { ...takenOver, owners: handedOver.owners }), [
      '192.0.2.100 was answered for by a, b, a, a, expected: owner, other, owner',
    ]);
  });

  test('but both answer in the end', () => {
    const wrong = trial([before, { ...meanwhile, toMs: 4_000 }, after]);
    assert.deepEqual(faultsOf(wrong, takenOver), [
      'when all had settled a, b answered for 192.0.2.100, not a alone',
    ]);
  });

  test('but a hand-over leaves questions unanswered', () => {
    assert.deepEqual(faultsOf(trial([before, meanwhile, after]), handedOver), [
      '60 questions were not answered, the first 0 ms after it began, the last 295 ms after it began; allowed: none',
    ]);
  });
});

test('nobody is left: until all is healed there is no answer', () => {
  const right = trial([
    { by: 'a', fromMs: 0, toMs: 1_000 },
    { by: 'a', fromMs: 2_500, toMs: 4_000 },
  ]);
  assert.deepEqual(faultsOf(right, nobodyLeft), []);
});

test('a foreign host has the first address for itself', () => {
  const foreign = { during: 'foreign', unanswered: 'while it lasts', lost: 'unwatched' } as const;
  const right = trial([
    { by: 'a', fromMs: 0, toMs: 1_000 },
    { by: 'foreign', fromMs: 1_000, toMs: 2_000 },
    { by: 'a', fromMs: 2_500, toMs: 4_000 },
  ]);
  assert.deepEqual(faultsOf(right, foreign), []);
  assert.equal(faultsOf(trial([always]), foreign).length, 1);
});
