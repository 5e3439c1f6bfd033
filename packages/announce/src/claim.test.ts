import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMac, type MacAddress } from '@fairlead/ip';
import fc from 'fast-check';
import {
  claimDeadline,
  IDLE,
  isAnswering,
  stepClaim,
  type Claim,
  type ClaimAction,
} from './claim.ts';

const STRANGER = parseMac('02:00:00:00:00:99') as MacAddress;
const WISH = { kind: 'tick', wanted: true, fresh: false, muted: false } as const;

/** Runs a claim by its own deadlines until `end`, collecting what it did and when. */
function run(start: Claim, wish: typeof WISH | object, end: number): [number, ClaimAction][] {
  const done: [number, ClaimAction][] = [];
  let claim = start;
  for (let now = 0; now <= end;) {
    const step = stepClaim(claim, { ...WISH, ...wish }, now);
    claim = step.claim;
    done.push(...step.actions.map((action): [number, ClaimAction] => [now, action]));
    now = Math.max(claimDeadline(claim) ?? Infinity, now);
  }
  return done;
}

test('an address taken over from a node of ours is answered and announced at once', () => {
  assert.deepEqual(run(IDLE, {}, 61_100), [
    [0, 'answer'],
    [0, 'announce'],
    [50, 'announce'],
    [200, 'announce'],
    [1000, 'announce'],
    [1000, 'probe'],
    [61_000, 'announce'],
    [61_000, 'probe'],
  ]);
});

test('a first claim answers at once, but is announced only after three unanswered probes', () => {
  assert.deepEqual(run(IDLE, { fresh: true }, 210), [
    [0, 'answer'],
    [0, 'probe'],
    [67, 'probe'],
    [134, 'probe'],
    [201, 'announce'],
  ]);
});

test('a foreign host silences a claim, which asks again after ten seconds, still silent', () => {
  const answering = stepClaim(IDLE, WISH, 0).claim;
  const conflict = stepClaim(answering, { kind: 'foreign', mac: STRANGER }, 5);
  assert.deepEqual(conflict.actions, ['silence']);
  assert.deepEqual(conflict.claim, {
    kind: 'conflict',
    mac: STRANGER,
    since: 5,
    sent: 0,
    at: 10_005,
  });
  const asked: [number, string][] = [];
  let claim: Claim = conflict.claim;
  for (let now = 5; now < 10_300; now += 1) {
    const step = stepClaim(claim, WISH, now);
    claim = step.claim;
    for (const action of step.actions) asked.push([now, action]);
  }
  assert.deepEqual(asked, [
    [10_005, 'probe'],
    [10_072, 'probe'],
    [10_139, 'probe'],
    [10_206, 'answer'],
    [10_207, 'announce'],
    [10_257, 'announce'],
  ]);
});

test('a foreign host that turns out to be a node of ours ends the conflict', () => {
  const conflict: Claim = { kind: 'conflict', mac: STRANGER, since: 0, sent: 0, at: 10_000 };
  const cleared = stepClaim(conflict, { kind: 'cleared' }, 20).claim;
  const answering = stepClaim(cleared, WISH, 20);
  assert.deepEqual(answering.actions, ['answer']);
  assert.deepEqual(stepClaim(answering.claim, WISH, 20).actions, ['announce']);
});

test('an address that another node claimed wrongly is announced again', () => {
  const settled: Claim = { kind: 'answering', since: 0, announced: 4, at: 61_000 };
  const again = stepClaim(settled, { kind: 'contradicted' }, 5000).claim;
  assert.deepEqual(stepClaim(again, WISH, 5000).actions, ['announce']);
});

test('a muted claim answers but announces only once somebody can hear it', () => {
  const muted = stepClaim(IDLE, { ...WISH, muted: true }, 0);
  assert.deepEqual(muted.actions, ['answer']);
  assert.deepEqual(stepClaim(muted.claim, { ...WISH, muted: true }, 500).actions, []);
  const heard = stepClaim(muted.claim, WISH, 700);
  assert.deepEqual(heard.actions, ['announce']);
  assert.equal(claimDeadline(heard.claim), 750);
});

test('whatever happens, answers and silences alternate and no one answers unwanted', () => {
  const event = fc.oneof(
    fc.record({
      kind: fc.constant('tick' as const),
      wanted: fc.boolean(),
      fresh: fc.boolean(),
      muted: fc.boolean(),
    }),
    fc.constant({ kind: 'foreign' as const, mac: STRANGER }),
    fc.constant({ kind: 'cleared' as const }),
    fc.constant({ kind: 'contradicted' as const }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(event, fc.nat(20_000))), (events) => {
      let claim = IDLE;
      let now = 0;
      let answering = false;
      for (const [each, wait] of events) {
        now += wait;
        const step = stepClaim(claim, each, now);
        for (const action of step.actions) {
          if (action === 'answer') assert.equal(answering, false);
          if (action === 'silence') assert.equal(answering, true);
          if (action === 'announce') assert.ok(answering || step.actions.includes('answer'));
          if (action === 'answer' || action === 'silence') answering = action === 'answer';
        }
        claim = step.claim;
        assert.equal(isAnswering(claim), answering);
        if (each.kind === 'tick' && !each.wanted) assert.equal(claim.kind, 'idle');
        const deadline = claimDeadline(claim);
        if (each.kind === 'tick') assert.ok(deadline === undefined || deadline >= now);
      }
    }),
  );
});
