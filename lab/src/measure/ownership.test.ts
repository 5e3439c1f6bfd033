import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress, parseMac, type MacAddress } from '@fairlead/ip';
import * as fc from 'fast-check';
import type { Observation } from './observation.ts';
import {
  answersAfter,
  durationMs,
  longestMs,
  longestSilence,
  longestUnasked,
  ownershipsOf,
  twoOwnerSpans,
  unansweredQuestions,
} from './ownership.ts';

const address = parseAddress('192.0.2.240')!;
const elsewhere = parseAddress('192.0.2.241')!;
const [a, b, c] = ['02:00:00:00:00:0a', '02:00:00:00:00:0b', '02:00:00:00:00:0c'].map((text) =>
  parseMac(text)!,
) as [MacAddress, MacAddress, MacAddress];

function answers(mac: MacAddress, ...moments: number[]): Observation[] {
  return moments.map((atMs) => ({ kind: 'answer', atMs, address, mac }));
}

/** Every 5 ms, both ends included. */
function every5(fromMs: number, toMs: number): number[] {
  return Array.from({ length: (toMs - fromMs) / 5 + 1 }, (_, n) => fromMs + 5 * n);
}

test('a fail-over: the owner, nobody, the next owner', () => {
  const seen = [...answers(a, ...every5(0, 100)), ...answers(b, ...every5(350, 500))];
  assert.deepEqual(ownershipsOf(seen, address), [
    { mac: a, fromMs: 0, toMs: 100 },
    { mac: b, fromMs: 350, toMs: 500 },
  ]);
  assert.deepEqual(longestSilence(seen, address, { fromMs: 0, toMs: 500 }), {
    fromMs: 100,
    toMs: 350,
  });
  assert.deepEqual(twoOwnerSpans(seen, address), []);
});

test('a hand-over without a pause has no two owners; one with both for 40 ms has', () => {
  const clean = [...answers(a, ...every5(0, 100)), ...answers(b, ...every5(105, 200))];
  assert.deepEqual(twoOwnerSpans(clean, address), []);
  const both = [...answers(a, ...every5(0, 140)), ...answers(b, ...every5(100, 200))];
  assert.deepEqual(twoOwnerSpans(both, address), [{ fromMs: 100, toMs: 140 }]);
});

test('one question answered by two is an instant of two owners, not none', () => {
  const seen = [...answers(a, 0, 5, 10), ...answers(b, 10, 15)];
  assert.deepEqual(twoOwnerSpans(seen, address), [{ fromMs: 10, toMs: 10 }]);
  assert.equal(longestMs(twoOwnerSpans(seen, address)), 0);
});

test('a question counts as unanswered unless somebody answers before the next one', () => {
  const asked = [0, 5, 10, 15, 20].map((atMs): Observation => ({ kind: 'asked', atMs }));
  const seen = [...asked, ...answers(a, 0.1, 5.1, 5.2), ...answers(b, 15.1)];
  assert.deepEqual(unansweredQuestions(seen, address), [10]);
  assert.deepEqual(unansweredQuestions(seen, elsewhere), [0, 5, 10, 15]);
});

test('a pause longer than three questions ends an ownership: a second begins', () => {
  const seen = [...answers(a, 0, 5, 30), ...answers(b, 12, 17)];
  assert.deepEqual(
    ownershipsOf(seen, address).map(({ mac, fromMs }) => [mac, fromMs]),
    [
      [a, 0],
      [b, 12],
      [a, 30],
    ],
  );
  assert.deepEqual(twoOwnerSpans(seen, address), []);
});

test('answers for other addresses and claims are not answers', () => {
  const seen: Observation[] = [
    ...answers(a, 0, 100),
    { kind: 'answer', atMs: 50, address: elsewhere, mac: b },
    { kind: 'claim', atMs: 50, address, mac: b, form: 'arp-request' },
  ];
  assert.equal(durationMs(longestSilence(seen, address, { fromMs: 0, toMs: 100 })), 100);
  assert.deepEqual(twoOwnerSpans(seen, address), []);
});

test('no answer at all is a silence from beginning to end', () => {
  const within = { fromMs: 10, toMs: 70 };
  assert.deepEqual(longestSilence([], address, within), within);
});

test('an observer that did not ask shows it', () => {
  const seen = [0, 5, 10, 90, 95].map((atMs) => ({ kind: 'asked', atMs }) as const);
  assert.deepEqual(longestUnasked(seen, { fromMs: 0, toMs: 95 }), { fromMs: 10, toMs: 90 });
});

test('stale answers: by this one, after that moment', () => {
  const seen = [...answers(a, 0, 5, 10), ...answers(b, 15)];
  assert.deepEqual(
    answersAfter(seen, a, 4).map(({ atMs }) => atMs),
    [5, 10],
  );
});

test('two owners are where ownerships of different MACs overlap, and nowhere else', () => {
  const moment = fc.record({
    mac: fc.constantFrom(a, b, c),
    atMs: fc.integer({ min: 0, max: 200 }),
  });
  fc.assert(
    fc.property(fc.array(moment, { maxLength: 60 }), (moments) => {
      const seen = moments.flatMap(({ mac, atMs }) => answers(mac, atMs));
      const spans = twoOwnerSpans(seen, address);
      const owners = ownershipsOf(seen, address);
      for (let at = 0; at <= 200; at += 0.5) {
        const inside = (span: { fromMs: number; toMs: number }): boolean =>
          span.fromMs <= at && at <= span.toMs;
        const macs = new Set(owners.filter(inside).map(({ mac }) => mac));
        assert.equal(spans.some(inside), macs.size > 1, `at ${at}`);
      }
    }),
  );
});
