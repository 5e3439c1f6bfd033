// Plays simulated histories of the membership far beyond those of `npm test`: npm run soak [-- HISTORIES [SEED]]
import { availableParallelism } from 'node:os';
import { formatWorst, runParallel } from '@fairlead/membership/simulation';

/** One report after so many, so that a long soak shows that it goes on. */
const PORTION = 5000;

const [histories = 100_000, firstSeed = Date.now() % 1_000_000_000] = process.argv
  .slice(2)
  .map(Number);
if (!Number.isInteger(histories) || histories < 1 || !Number.isInteger(firstSeed)) {
  console.error('usage: npm run soak [-- HISTORIES [SEED]]');
  process.exit(2);
}

let failed = 0;
console.log(`${histories} histories from seed ${firstSeed} on`);
for (let done = 0; done < histories; done += PORTION) {
  const count = Math.min(PORTION, histories - done);
  const result = await runParallel(firstSeed + done, count, availableParallelism());
  console.log(`\n${done + count} of ${histories}\n${formatWorst(result.worst)}`);
  for (const failure of result.failures) console.error(failure);
  failed += result.failures.length;
}
console.log(`\n${histories - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
