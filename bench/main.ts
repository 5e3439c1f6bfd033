// Runs one benchmark, or lists them: npm run bench -- [NAME [FLAGS]]
import type { Benchmark } from './benchmark.ts';
import { apiWrites } from './api-writes.ts';
import { failover } from './failover.ts';
import { firstAnswer } from './first-answer.ts';
import { fiftyNodes } from './fifty-nodes.ts';
import { memory } from './memory.ts';
import { thousandServices } from './thousand.ts';

const benchmarks: readonly Benchmark[] = [
  failover,
  thousandServices,
  fiftyNodes,
  firstAnswer,
  apiWrites,
  memory,
];

const [name, ...flags] = process.argv.slice(2);
const chosen = benchmarks.find((benchmark) => benchmark.name === name);
if (chosen !== undefined) {
  await chosen.run(flags);
} else {
  console.log('usage: npm run bench -- NAME [FLAGS]\n');
  const width = Math.max(...benchmarks.map((benchmark) => benchmark.name.length));
  for (const benchmark of benchmarks) {
    console.log(`  ${benchmark.name.padEnd(width)}  ${benchmark.summary}`);
  }
  if (name !== undefined) {
    console.error(`\nbench: there is no benchmark '${name}'`);
    process.exitCode = 1;
  }
}
