import { appendFileSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { newRunId } from './name-allocation.ts';
import { bootId, identifyProcess, isAlive, type ProcessIdentity } from './process-identity.ts';
import { replaceFile } from './replace-file.ts';

/** Has one directory for each run of a lab on this machine. */
const registryRoot = '/run/fairlead-lab';

/** Directories that are not yet a run's: they get their name when all is in them. */
const claimPrefix = '.claim-';

/** In the environment of all that a lab starts, with the run's id: so what those start is found too. */
export const runVariable = 'FAIRLEAD_LAB_RUN';

/** A run of a lab, as the registry knows it. */
export interface Run {
  readonly id: string;
  /** What the caller called the lab. */
  readonly name: string;
  readonly directory: string;
  /** The process that made it. */
  readonly owner: ProcessIdentity;
  readonly bootId: string;
  /** Left running on purpose when its owner ended. */
  readonly kept: boolean;
  readonly createdAt: string;
}

type OwnerFile = Omit<Run, 'id' | 'directory'>;

/** Enters a new run of this process into the registry, under an id that no other run has. */
export function claimRun(name: string): Run {
  const owner = identifyProcess(process.pid);
  if (owner === undefined) throw new Error(`/proc does not show process ${process.pid}`);
  const createdAt = new Date().toISOString();
  const content: OwnerFile = { name, owner, bootId: bootId(), kept: false, createdAt };
  mkdirSync(registryRoot, { recursive: true });
  for (;;) {
    const id = newRunId(Math.random);
    const claim = join(registryRoot, `${claimPrefix}${process.pid}-${id}`);
    mkdirSync(claim);
    writeOwner(claim, content);
    const directory = join(registryRoot, id);
    if (renamed(claim, directory)) return { id, directory, ...content };
    rmSync(claim, { recursive: true });
  }
}

/** Says that the run is to outlive its owner. */
export function keepRun({ directory, name, owner, bootId, createdAt }: Run): void {
  writeOwner(directory, { name, owner, bootId, createdAt, kept: true });
}

/** All runs; one whose owner cannot be read (its removal was interrupted) as abandoned. */
export function listRuns(): Run[] {
  return entries(registryRoot)
    .filter((name) => !name.startsWith('.'))
    .map((id) => readRun(id));
}

/** Whether nobody needs the run any more: its owner is gone, and did not want it kept. */
export function isAbandoned(run: Run): boolean {
  if (run.bootId !== bootId()) return true;
  return !run.kept && !isAlive(run.owner);
}

/** Removes what processes left that were killed in the middle of `claimRun`. */
export function removeDeadClaims(): void {
  for (const name of entries(registryRoot)) {
    const pid = /^\.claim-(\d+)-/u.exec(name)?.[1];
    if (pid === undefined || identifyProcess(Number(pid)) !== undefined) continue;
    rmSync(join(registryRoot, name), { recursive: true, force: true });
  }
}

/** Notes a process that the run started. */
export function recordProcess(run: Run, { pid, startTime }: ProcessIdentity): void {
  appendFileSync(processFile(run), `${pid} ${startTime}\n`);
}

/** All processes that the run ever noted. */
export function recordedProcesses(run: Run): ProcessIdentity[] {
  let text: string;
  try {
    text = readFileSync(processFile(run), 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .map((line) => line.split(' '))
    .map(([pid, startTime]) => ({ pid: Number(pid), startTime: startTime ?? '' }))
    .filter(({ pid, startTime }) => pid > 0 && startTime !== '');
}

function processFile(run: Run): string {
  return join(run.directory, 'processes');
}

function writeOwner(directory: string, content: OwnerFile): void {
  replaceFile(join(directory, 'owner.json'), `${JSON.stringify(content)}\n`);
}

function readRun(id: string): Run {
  const directory = join(registryRoot, id);
  try {
    const content = JSON.parse(readFileSync(join(directory, 'owner.json'), 'utf8')) as OwnerFile;
    return { id, directory, ...content };
  } catch {
    const owner = { pid: 0, startTime: '' };
    return { id, directory, name: id, owner, bootId: '', kept: false, createdAt: '' };
  }
}

/** False where there is a run of that name already. */
function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
