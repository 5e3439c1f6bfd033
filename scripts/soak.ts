// Plays faults and histories far beyond those of `npm test`; see USAGE.
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { ObservedCluster } from '@fairlead/lab';
import {
  faultsFor,
  faultsOf,
  ownershipFaults,
  playFault,
  type OwnershipFault,
} from '@fairlead/lab/failover';
import { formatWorst, runParallel } from '@fairlead/membership/simulation';
import { chosenByName, UsageError, wholeNumber, withUsage } from './usage.ts';

const SIZES = '1,2,3,10';
const HISTORIES = 100_000;
/** One report after so many, so that a long soak shows that it goes on. */
const PORTION = 5000;

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** Each fault in a lab of its own, so that none hears of another. */
async function soakFaults(args: readonly string[]): Promise<Counts> {
  const { values } = parseArgs({
    args: [...args],
    options: { nodes: { type: 'string', default: SIZES }, faults: { type: 'string' } },
  });
  const chosen =
    values.faults === undefined
      ? ownershipFaults
      : chosenByName('--faults', values.faults, ownershipFaults);
  const sizes = values.nodes.split(',').map((each) => wholeNumber('--nodes', each));
  let passed = 0;
  let failed = 0;
  for (const nodes of sizes) {
    const faults = faultsFor(nodes).filter((fault) => chosen.includes(fault));
    console.log(`\n${faults.length} faults with ${nodes} ${nodes === 1 ? 'node' : 'nodes'}`);
    for (const fault of faults) {
      const wrong = await play(fault, nodes);
      if (wrong.length === 0) passed++;
      else failed++;
    }
  }
  return { passed, failed };
}

async function play(fault: OwnershipFault, nodes: number): Promise<readonly string[]> {
  const startedMs = performance.now();
  const { figures, wrong } = await judge(fault, nodes);
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  console.log(
    `${wrong.length === 0 ? 'passed' : 'FAILED'} ${fault.name} (${seconds} s) ${figures}`,
  );
  for (const each of wrong) console.error(`  ${each}`);
  return wrong;
}

async function judge(fault: OwnershipFault, nodes: number) {
  try {
    await using cluster = await ObservedCluster.create('soak', nodes);
    await cluster.boot();
    const trial = await playFault(cluster, fault, { soak: true });
    const wrong = faultsOf(trial, fault.expect(nodes));
    return { figures: trial.evidence.figures(), wrong };
  } catch (error) {
    return { figures: '', wrong: [error instanceof Error ? error.message : String(error)] };
  }
}

async function soakHistories(args: readonly string[]): Promise<Counts> {
  const [count, seed] = args;
  const histories = count === undefined ? HISTORIES : wholeNumber('COUNT', count);
  const firstSeed = seed === undefined ? Date.now() % 1_000_000_000 : wholeNumber('SEED', seed, 0);
  let failed = 0;
  console.log(`\n${histories} histories from seed ${firstSeed} on`);
  for (let done = 0; done < histories; done += PORTION) {
    const count = Math.min(PORTION, histories - done);
    const result = await runParallel(firstSeed + done, count, availableParallelism());
    console.log(`\n${done + count} of ${histories}\n${formatWorst(result.worst)}`);
    for (const failure of result.failures) console.error(failure);
    failed += result.failures.length;
  }
  return { passed: histories - failed, failed };
}

const soaks: Readonly<Record<string, (args: readonly string[]) => Promise<Counts>>> = {
  faults: soakFaults,
  histories: soakHistories,
};

const USAGE = `usage:
  npm run soak                                             both, one after the other
  npm run soak -- faults [--nodes N,…] [--faults NAME,…]   each on real agents, at 1, 2, 3 and 10 nodes
  npm run soak -- histories [COUNT [SEED]]                 of the membership, simulated`;

const [name, ...args] = process.argv.slice(2);
await withUsage('soak', async () => {
  if (process.argv.includes('--help')) return console.log(USAGE);
  const chosen = name === undefined ? Object.values(soaks) : [soaks[name]];
  let passed = 0;
  let failed = 0;
  for (const soak of chosen) {
    if (soak === undefined) throw new UsageError(`there is no soak '${name}'\n\n${USAGE}`);
    const counts = await soak(args);
    passed += counts.passed;
    failed += counts.failed;
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
});
