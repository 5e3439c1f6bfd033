import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { LogFile } from './log-file.ts';
import { monotonicMs } from './monotonic-clock.ts';
import { identifyProcess, isStopped, type ProcessIdentity } from './process-identity.ts';
import { waitFor } from './wait-for.ts';

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** When the lab learned of it, `monotonicMs`. */
  readonly atMs: number;
}

export interface ProcessStart {
  readonly name: string;
  /** The whole command line, entering the namespace included. */
  readonly argv: readonly [program: string, ...rest: string[]];
  readonly environment: NodeJS.ProcessEnv;
  readonly workingDirectory: string;
  /** Where its streams are written: `PATH.out` and `PATH.err`. */
  readonly logPath: string;
  /** Called with the process as soon as it is there. */
  readonly record: (identity: ProcessIdentity) => void;
}

/** A program that runs on a host of the lab. */
export class LabProcess implements AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly stdout: LogFile;
  readonly stderr: LogFile;
  readonly exited: Promise<ProcessEnd>;
  readonly #child: ChildProcess;

  private constructor(name: string, child: ChildProcess, pid: number, logPath: string) {
    this.name = name;
    this.pid = pid;
    this.#child = child;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal, atMs: monotonicMs() }));
    });
    this.stdout = new LogFile(`${logPath}.out`, this.exited);
    this.stderr = new LogFile(`${logPath}.err`, this.exited);
  }

  /** @throws Error where the program that enters the namespace cannot be started. */
  static async start(options: ProcessStart): Promise<LabProcess> {
    const [program, ...rest] = options.argv;
    const stdout = openSync(`${options.logPath}.out`, 'w');
    const stderr = openSync(`${options.logPath}.err`, 'w');
    try {
      // A process group of its own: a terminal's Ctrl-C goes to the lab alone, which then decides.
      const child = spawn(program, rest, {
        stdio: ['ignore', stdout, stderr],
        detached: true,
        env: options.environment,
        cwd: options.workingDirectory,
      });
      const spawned = Promise.withResolvers<void>();
      child.once('spawn', spawned.resolve);
      child.once('error', spawned.reject);
      const { pid } = child;
      if (pid !== undefined) {
        const identity = identifyProcess(pid);
        if (identity !== undefined) options.record(identity);
      }
      const started =
        pid === undefined ? undefined : new LabProcess(options.name, child, pid, options.logPath);
      await spawned.promise;
      if (started === undefined) throw new Error(`${program} has no process id`);
      return started;
    } finally {
      closeSync(stdout);
      closeSync(stderr);
    }
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Sends a signal; false where the process has ended. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): boolean {
    return this.running && this.#child.kill(signal);
  }

  /** Stops all its threads; resolves once the kernel says so. */
  async freeze(): Promise<void> {
    if (!this.kill('SIGSTOP')) throw new Error(`${this.name} has ended: it cannot be frozen`);
    const what = `process ${this.pid} (${this.name}) to stop`;
    await waitFor(() => isStopped(this.pid), { what, everyMs: 1 });
  }

  /** Lets it go on. */
  thaw(): void {
    if (!this.kill('SIGCONT')) throw new Error(`${this.name} has ended: it cannot be thawed`);
  }

  /** Asks it to end (SIGTERM), and kills it where it has not after `graceMs`. */
  async stop(graceMs = 5_000): Promise<ProcessEnd> {
    this.kill('SIGTERM');
    // A frozen process would not see it.
    this.kill('SIGCONT');
    const timer = setTimeout(() => this.kill(), graceMs);
    try {
      return await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Does not let the process keep the lab's own one from ending. */
  release(): void {
    this.#child.unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.exited;
  }
}
