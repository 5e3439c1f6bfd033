import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { namespaceDirectory } from './namespace.ts';
import { namespacePrefix } from './name-allocation.ts';
import { bootId, isAlive, processesWithEnvironment } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import {
  isAbandoned,
  listRuns,
  recordedProcesses,
  removeDeadClaims,
  runVariable,
  type Run,
} from './registry.ts';
import { tools } from './requirements.ts';

const killDeadlineMs = 3_000;

/**
 * Removes a run with all that belongs to it: its processes, mounts below its directory, its namespaces, the
 * directory. Does not yield, so that it can be the last thing a process does; what is gone already, or is
 * being removed by somebody else at the same time, is no error.
 * @throws Error where something could not be removed.
 */
export function removeRun(run: Run): void {
  if (run.bootId === bootId() || run.bootId === '') killProcesses(run);
  unmountBelow(run.directory);
  removeNamespaces(run.id);
  rmSync(run.directory, { recursive: true, force: true });
}

/** Removes all runs whose owners were killed. */
export function removeAbandonedRuns(): void {
  removeDeadClaims();
  for (const run of listRuns().filter(isAbandoned)) removeRun(run);
}

/**
 * Removes a lab that was kept, or left over.
 * @throws Error where there is none of that id, or it is at work.
 */
export function removeLab(id: string): void {
  const runs = listRuns();
  const run = runs.find((one) => one.id === id);
  if (run === undefined) {
    const ids = runs.map((one) => one.id).join(', ') || 'none';
    throw new Error(`no lab ${JSON.stringify(id)}; there are: ${ids}`);
  }
  if (!run.kept && !isAbandoned(run)) {
    throw new Error(`lab ${id} (${run.name}) is at work: process ${run.owner.pid} removes it`);
  }
  removeRun(run);
}

/** The mount points of /proc/PID/mountinfo at or below a directory, innermost first. */
export function mountsBelow(directory: string, mountinfo: string): string[] {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((path) => path !== undefined)
    .map(unescapeMountPoint)
    .filter((path) => path === directory || path.startsWith(`${directory}/`))
    .toReversed();
}

function killProcesses(run: Run): void {
  const end = performance.now() + killDeadlineMs;
  for (;;) {
    const left = livingProcesses(run);
    if (left.length === 0) return;
    if (performance.now() > end) {
      const ids = left.map(({ pid }) => pid).join(', ');
      throw new Error(`processes of lab ${run.id} do not die: ${ids}`);
    }
    for (const { pid } of left) kill(pid);
    blockFor(2);
  }
}

function livingProcesses(run: Run): ProcessIdentity[] {
  const recorded = recordedProcesses(run).filter(isAlive);
  const marked = processesWithEnvironment(`${runVariable}=${run.id}`);
  const byId = new Map([...recorded, ...marked].map((identity) => [identity.pid, identity]));
  byId.delete(process.pid);
  return [...byId.values()];
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself since it was seen.
  }
}

function unmountBelow(directory: string): void {
  const mounts = (): string[] =>
    mountsBelow(directory, readFileSync('/proc/self/mountinfo', 'utf8'));
  const points = mounts();
  if (points.length === 0) return;
  // Lazily: who still has a file open there keeps the file system until it closes it.
  const { stderr } = spawnSync(tools().umount, ['--lazy', ...points], { encoding: 'utf8' });
  const left = mounts();
  if (left.length > 0) throw new Error(`cannot unmount ${left.join(', ')}: ${stderr}`);
}

function removeNamespaces(runId: string): void {
  const names = (): string[] => {
    try {
      return readdirSync(namespaceDirectory).filter((n) => n.startsWith(namespacePrefix(runId)));
    } catch {
      return [];
    }
  };
  const present = names();
  if (present.length === 0) return;
  const input = present.map((name) => `netns del ${name}\n`).join('');
  const { stderr } = spawnSync(tools().ip, ['-force', '-batch', '-'], { input, encoding: 'utf8' });
  const left = names();
  if (left.length > 0) throw new Error(`cannot remove namespaces ${left.join(', ')}: ${stderr}`);
}

/** mountinfo writes space, tab, newline and backslash as octal. */
function unescapeMountPoint(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/gu, (_, digits: string) =>
    String.fromCodePoint(Number.parseInt(digits, 8)),
  );
}

function blockFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
