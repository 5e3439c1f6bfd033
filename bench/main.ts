// Runs one benchmark, or lists them: npm run bench -- [NAME]
import type { Benchmark } from './benchmark.ts';
import { memory } from './memory.ts';

const benchmarks: readonly Benchmark[] = [memory];

const [name, ...rest] = process.argv.slice(2);
const chosen = benchmarks.find((benchmark) => benchmark.name === name);
if (chosen !== undefined && rest.length === 0) {
  await chosen.run();
} else {
  console.log('usage: npm run bench -- NAME\n');
  const width = Math.max(...benchmarks.map((benchmark) => benchmark.name.length));
  for (const benchmark of benchmarks) {
    console.log(`  ${benchmark.name.padEnd(width)}  ${benchmark.summary}`);
  }
  if (name !== undefined) {
    console.error(`\nbench: there is no benchmark '${[name, ...rest].join(' ')}'`);
    process.exitCode = 1;
  }
}
