import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { test } from 'node:test';
import { formatWorst, runParallel } from './run-parallel.ts';

const histories = 10_000;

test(`the rules hold in ${histories} histories`, async (t) => {
  const { failures, worst } = await runParallel(0, histories, availableParallelism());
  t.diagnostic(`\n${formatWorst(worst)}`);
  assert.equal(
    worst.reduce((sum, kind) => sum + kind.histories, 0),
    histories,
  );
  assert.equal(failures.length, 0, failures.slice(0, 20).join('\n'));
});
