import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanAtExit } from '../at-exit.ts';
import { runCommand, type CommandOptions, type CommandResult } from '../command.ts';
import type { Host, SpawnOptions } from '../host.ts';
import { LabProcess } from '../lab-process.ts';
import { searchPath, tools } from '../requirements.ts';

/** Where programs of Kubernetes run: a host of a lab, or where this process does. */
export type KubernetesHost = Pick<Host, 'name' | 'spawn' | 'exec' | 'directory'>;

/** The network namespace of this process, with a directory and programs that end with it. */
export class ThisNamespace implements KubernetesHost, AsyncDisposable {
  readonly name = 'here';
  readonly directory: string;
  readonly #processes = new Set<LabProcess>();
  readonly #atExit: Disposable;
  #programs = 0;

  constructor() {
    this.directory = mkdtempSync(join(tmpdir(), 'fairlead-kubernetes-'));
    this.#atExit = cleanAtExit(() => this.#removeNow());
  }

  exec(argv: Argv, options: CommandOptions = {}): Promise<CommandResult> {
    const environment = environmentOf(options.environment);
    return runCommand(guarded(argv), { ...options, environment });
  }

  async spawn(argv: Argv, options: SpawnOptions = {}): Promise<LabProcess> {
    const name = options.name ?? argv[0].slice(argv[0].lastIndexOf('/') + 1);
    const process = await LabProcess.start({
      name,
      argv: guarded(argv),
      environment: environmentOf(options.environment),
      workingDirectory: options.directory ?? this.directory,
      logPath: join(this.directory, `${++this.#programs}-${name}`),
      record: () => undefined,
    });
    this.#processes.add(process);
    void process.exited.then(() => this.#processes.delete(process));
    return process;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#processes].map((process) => process[Symbol.asyncDispose]()));
    this.#removeNow();
    this.#atExit[Symbol.dispose]();
  }

  #removeNow(): void {
    for (const process of this.#processes) process.kill();
    // The killed may still be writing.
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

type Argv = Parameters<Host['spawn']>[0];

function guarded(argv: Argv): Argv {
  return [tools().setpriv, '--pdeathsig', 'KILL', '--', ...argv];
}

function environmentOf(own: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { ...(process.env as Record<string, string>), PATH: searchPath(), ...own };
}
