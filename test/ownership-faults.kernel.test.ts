/**
 * Who answers for an address, and what becomes of a client's packets, when something breaks: every fault of
 * lab/src/failover once, with three nodes. Each prints what was measured; only who, in which order and what was
 * lost is asserted.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ThreeNodes } from '@fairlead/lab';
import { faultsFor, faultsOf, playFault } from '@fairlead/lab/failover';

let three: ThreeNodes;
let moved = true;

before(async () => {
  three = await ThreeNodes.create('owner');
});

after(() => three[Symbol.asyncDispose]());

for (const fault of faultsFor(3)) {
  test(`${fault.name}: ${fault.title}`, async (t) => {
    const expected = fault.expect(3);
    // Agents that have just joined wait longer before they do again: only where nothing moved are they kept.
    await (moved ? three.boot() : three.ready());
    moved = expected.owners?.length !== 1;
    const trial = await playFault(three, fault);
    t.diagnostic(trial.evidence.figures());
    assert.deepEqual(faultsOf(trial, expected), []);
  });
}
