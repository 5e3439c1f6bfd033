import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeName } from '@fairlead/cluster';
import { failureProblem } from './failure-problem.ts';

test('of a long error the beginning of the first line is told', () => {
  const { message } = failureProblem('a' as NodeName, new Error(`${'x'.repeat(500)}\nthe script`));
  assert.match(message, /: x{300}…\. What was in force goes on/u);
});
