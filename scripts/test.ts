// Runs the tests and ends with one line `N passed, N failed`.
//   node scripts/test.ts               everything
//   node scripts/test.ts unit          only those that need no root and take milliseconds
//   node scripts/test.ts PART...       only files whose path contains one of the PARTs
import { spawn, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Tally } from './tally-reporter.ts';

const root = join(import.meta.dirname, '..');

/**
 * Kinds of test by the end of a file's name. A kernel test runs in a network and a mount namespace
 * of its own, so that nothing it does can reach the machine; one at a time, as they measure.
 */
const KINDS = [
  { name: 'unit', suffix: '.test.ts', isolated: false, concurrency: 2 },
  { name: 'slow', suffix: '.slow.test.ts', isolated: false, concurrency: 2 },
  { name: 'kernel', suffix: '.kernel.test.ts', isolated: true, concurrency: 1 },
  { name: 'Kubernetes', suffix: '.kube.test.ts', isolated: true, concurrency: 1 },
] as const;

type Kind = (typeof KINDS)[number];

const stopping = new AbortController();
const stopped = stopping.signal;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => stopping.abort(signal));
}

const parts = process.argv.slice(2);
const unitOnly = parts.length === 1 && parts[0] === 'unit';

function filesOf(kind: Kind): string[] {
  const suffixes = KINDS.map(({ suffix }) => suffix).filter((suffix) => suffix !== '.test.ts');
  return globSync('{packages/*/src,apps/*/src,lab/src,test}/**/*.test.ts', { cwd: root })
    .filter((file) =>
      kind.suffix === '.test.ts'
        ? !suffixes.some((suffix) => file.endsWith(suffix))
        : file.endsWith(kind.suffix),
    )
    .filter((file) => unitOnly || parts.length === 0 || parts.some((part) => file.includes(part)))
    .sort();
}

async function runFiles(kind: Kind, files: readonly string[]): Promise<Tally> {
  const scratch = mkdtempSync(join(tmpdir(), 'fairlead-test-'));
  const tally = join(scratch, 'tally.json');
  const node = [
    process.execPath,
    '--test',
    `--test-concurrency=${kind.concurrency}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${join(root, 'scripts', 'tally-reporter.ts')}`,
    `--test-reporter-destination=${tally}`,
    ...files,
  ];
  const isolate = ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--net', '--mount'];
  const [command = '', ...args] = kind.isolated ? [...isolate, ...node] : node;
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  const stop = (): void => void child.kill(stopped.reason as NodeJS.Signals);
  stopped.addEventListener('abort', stop);
  await new Promise((resolve) => child.on('close', resolve));
  stopped.removeEventListener('abort', stop);
  try {
    const counts = JSON.parse(readFileSync(tally, 'utf8')) as Tally;
    // A runner that found nothing to run exits 0: no test of a listed file is a failure.
    const ran = counts.passed + counts.failures.length > 0;
    return ran ? counts : { passed: 0, failures: files.map((file) => `${file}: has no test`) };
  } catch (cause) {
    const why = `its runner ended without a tally (${String(cause)})`;
    return { passed: 0, failures: files.map((file) => `${file}: ${why}`) };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

function canIsolate(): boolean {
  return spawnSync('unshare', ['--net', '--mount', 'true']).status === 0;
}

let passed = 0;
const failures: string[] = [];
for (const kind of unitOnly ? KINDS.slice(0, 1) : KINDS) {
  const files = filesOf(kind);
  if (files.length === 0) continue;
  console.log(`\n== ${kind.name} tests: ${files.length} files`);
  if (kind.isolated && !canIsolate()) {
    const why = 'needs root (network and mount namespaces): run as root';
    failures.push(...files.map((file) => `${file}: ${why}`));
    continue;
  }
  // A namespace of its own for each file: what one leaves there would be in the way of the next.
  const runs = kind.isolated ? files.map((file) => [file]) : [files];
  for (const run of runs) {
    if (stopped.aborted) break;
    const counts = await runFiles(kind, run);
    passed += counts.passed;
    failures.push(...counts.failures);
  }
}
if (stopped.aborted) failures.push(`stopped by ${String(stopped.reason)} before the end`);
if (passed + failures.length === 0) failures.push(`no test file matches ${parts.join(', ')}`);
if (failures.length > 0) {
  console.log(`\nFailed:\n${failures.map((each) => `  ${relativeTo(root, each)}`).join('\n')}`);
}
console.log(`\n${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;

function relativeTo(directory: string, failure: string): string {
  return failure.startsWith(directory) ? relative(directory, failure) : failure;
}
