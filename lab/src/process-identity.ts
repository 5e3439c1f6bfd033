import { readdirSync, readFileSync } from 'node:fs';

/** A process, told apart from a later one with the same id by when it started. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot: field 22 of proc_pid_stat(5). */
  readonly startTime: string;
}

/** The process with this id, undefined where there is none or only its exit status is left (a zombie). */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  if (stat === undefined || stat.state === 'Z' || stat.state === 'X') return undefined;
  return { pid, startTime: stat.startTime };
}

export function isAlive(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTime === identity.startTime;
}

/** Whether SIGSTOP holds all threads of the process. */
export function isStopped(pid: number): boolean {
  const threads = readdirSync(`/proc/${pid}/task`);
  return threads.every((thread) => readStat(`${pid}/task/${thread}`)?.state === 'T');
}

/** The processes whose environment holds `entry` (`NAME=value`), those that they started included. */
export function processesWithEnvironment(entry: string): ProcessIdentity[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map(Number)
    .filter((pid) => readProc(pid, 'environ')?.split('\0').includes(entry))
    .map(identifyProcess)
    .filter((identity) => identity !== undefined);
}

/** Changes with every boot, after which process ids and start times begin anew. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function readStat(
  task: number | string,
): { readonly state: string; readonly startTime: string } | undefined {
  const text = readProc(task, 'stat');
  if (text === undefined) return undefined;
  // "pid (name) state ppid …": the name may hold spaces and brackets, so count from its last bracket.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, startTime] = [fields[0], fields[19]];
  return state === undefined || startTime === undefined ? undefined : { state, startTime };
}

/** Undefined where the process or thread is gone, or goes while it is read. */
function readProc(task: number | string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${task}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
