/**
 * Who answers for an address, and what becomes of a client's packets, when something breaks: every fault of
 * lab/src/failover once, with three nodes. Each prints what was measured; only who, in which order and what was
 * lost is asserted. What goes wrong while the machine itself stands still is no fault of the agents: then it is
 * played again.
 */
import assert from 'node:assert/strict';
import { after, before, test, type TestContext } from 'node:test';
import { ThreeNodes } from '@fairlead/lab';
import { faultsFor, faultsOf, playFault, type OwnershipFault } from '@fairlead/lab/failover';

/**
 * The observer goes before all else, as the agents' packet workers do. Where it did not ask for longer, they may
 * rightly have thought each other dead.
 */
const STANDSTILL_MS = 100;

let three: ThreeNodes;
let moved = true;

before(async () => {
  three = await ThreeNodes.create('owner');
});

after(() => three[Symbol.asyncDispose]());

for (const fault of faultsFor(3)) {
  test(`${fault.name}: ${fault.title}`, async (t) => {
    assert.deepEqual(await play(fault, t), []);
  });
}

/** Plays a fault, up to three times where the machine stands still: what was wrong the last time. */
async function play(fault: OwnershipFault, t: TestContext, times = 3): Promise<string[]> {
  const expected = fault.expect(3);
  // Agents that have just joined wait longer before they do again: only where nothing moved are they kept.
  await (moved ? three.boot() : three.ready());
  moved = expected.owners?.length !== 1;
  const trial = await playFault(three, fault);
  t.diagnostic(trial.evidence.figures());
  const wrong = faultsOf(trial, expected);
  if (wrong.length === 0 || times === 1 || trial.evidence.unaskedMs <= STANDSTILL_MS) return wrong;
  t.diagnostic(`played again, as the machine stood still: ${wrong.join('; ')}`);
  moved = true;
  return play(fault, t, times - 1);
}
