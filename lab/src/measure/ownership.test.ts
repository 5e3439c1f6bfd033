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

/** The observer asks. */
function asks(...moments: number[]): Observation[] {
  return moments.map((atMs) => ({ kind: 'asked', atMs }));
}

test('a question counts as unanswered unless somebody answers', () => {
  const asked = asks(0, 5, 10, 15, 20);
  const seen = [...asked, ...answers(a, 0.1, 5.1, 5.2), ...answers(b, 15.1)];
  assert.deepEqual(unansweredQuestions(seen, address), [10]);
  assert.deepEqual(unansweredQuestions(seen, elsewhere), [0, 5, 10, 15]);
});

test('answers that were held up and come together are answers; one too few is missed', () => {
  const asked = asks(...every5(0, 100));
  const heldUp = answers(a, ...every5(0, 30), 57.1, 57.2, 57.3, 57.4, 57.5, ...every5(60, 100));
  assert.deepEqual(unansweredQuestions([...asked, ...heldUp], address), []);
  const oneLess = heldUp.filter((_, index) => index !== 9);
  assert.deepEqual(unansweredQuestions([...asked, ...oneLess], address), [35]);
});

test('what comes after a silence makes up for none of it, nor do the answers of another', () => {
  const asked = asks(...every5(0, 200));
  const seen = [
    ...answers(a, ...every5(0, 50), ...every5(100, 200)),
    ...answers(b, ...every5(110, 200)),
  ];
  assert.deepEqual(unansweredQuestions([...asked, ...seen], address), every5(55, 95));
});

test('an answer much later is none; how long the observer itself did not ask does not count', () => {
  const stalled = asks(0, 5, 90, 95, 100);
  const seen = answers(a, 0.1, 90.1, 90.2, 95.1);
  assert.deepEqual(unansweredQuestions([...stalled, ...seen], address), []);
  const asked = asks(...every5(0, 100));
  const late = answers(a, ...every5(0, 5), ...every5(15, 90), 90.1, ...every5(95, 100));
  assert.deepEqual(unansweredQuestions([...asked, ...late], address), [10]);
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
  assert.deepEqual(longestUnasked(asks(0, 5, 10, 90, 95), { fromMs: 0, toMs: 95 }), {
    fromMs: 10,
    toMs: 90,
  });
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
