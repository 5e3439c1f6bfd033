// Everything that can be said about the code without running it. Ends at the first kind that fails.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

const CHECKS = [
  { name: 'types', command: ['tsc', '--project', '.'] },
  { name: 'lint and boundaries', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'format', command: ['oxfmt', '--check', '.'] },
  { name: 'dead code', command: ['knip', '--no-progress'] },
  { name: 'generated files', command: ['node', 'scripts/generate.ts', '--check'] },
] as const;

if (process.argv.includes('--help')) {
  const names = CHECKS.map(({ name }) => name).join(', ');
  console.log(`usage: npm run check\n\n${names}: ends at the first that fails`);
  process.exit(0);
}

for (const { name, command } of CHECKS) {
  const started = performance.now();
  const [program, ...args] = command;
  const result = spawnSync(join(root, 'node_modules', '.bin', program), args, {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (result.status !== 0) {
    console.error(`check: ${name} failed after ${seconds} s (${command.join(' ')})`);
    process.exit(1);
  }
  console.log(`check: ${name} ok, ${seconds} s`);
}
