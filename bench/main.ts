// Runs one benchmark, or lists them: npm run bench -- [NAME [FLAGS]]
import type { Benchmark } from './benchmark.ts';
import { apiWrites } from './api-writes.ts';
import { failover } from './failover.ts';
import { firstAnswer } from './first-answer.ts';
import { fiftyNodes } from './fifty-nodes.ts';
import { memory } from './memory.ts';
import { thousandServices } from './thousand.ts';
import { UsageError, withUsage } from '../scripts/usage.ts';

const benchmarks: readonly Benchmark[] = [
  failover,
  thousandServices,
  fiftyNodes,
  firstAnswer,
  apiWrites,
  memory,
];

function listing(): string {
  const width = Math.max(...benchmarks.map((benchmark) => benchmark.name.length));
  const lines = benchmarks.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return ['usage: npm run bench -- NAME [FLAGS]', '', ...lines].join('\n');
}

const [name, ...flags] = process.argv.slice(2);
await withUsage('bench', async () => {
  if (name === undefined || [name, ...flags].includes('--help')) return console.log(listing());
  const chosen = benchmarks.find((benchmark) => benchmark.name === name);
  if (chosen === undefined) throw new UsageError(`there is no benchmark '${name}'\n\n${listing()}`);
  await chosen.run(flags);
});
