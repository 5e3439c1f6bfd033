import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandOf, difference, type Change } from './difference.ts';
import { PlanInForce } from './plan-in-force.ts';
import type { LandPlan } from './plan.ts';
import { renderTable } from './render.ts';
import { landPlans, sharingEntries } from './testing/land-plans.ts';

test('from plan to plan it takes the changes that the whole tables differ by', () => {
  fc.assert(
    fc.property(fc.array(landPlans, { minLength: 2, maxLength: 5 }), (list) => {
      const [first, ...others] = sharingEntries(list);
      assert.ok(first !== undefined);
      const inForce = new PlanInForce(first);
      let before: LandPlan = first;
      for (const plan of others) {
        const whole = difference({ ...renderTable(before), foreign: [] }, renderTable(plan));
        assert.deepEqual(sorted(inForce.changeTo(plan)), sorted(whole));
        before = plan;
      }
    }),
  );
});

/** Elements come in the order of their plans, of which the changed ones are a part. */
function sorted(changes: readonly Change[]): readonly string[] {
  return changes
    .map(commandOf)
    .map((command) => {
      const [head = '', ...elements] = command.split(/\{\n|,\n|\n\}/u);
      return [head, ...elements.toSorted()].join(' ');
    })
    .toSorted();
}
