import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand, type CommandOptions, type CommandResult } from './command.ts';
import { LabProcess } from './lab-process.ts';
import type { Namespace } from './namespace.ts';
import type { Nic } from './nic.ts';
import { recordProcess, runVariable, type Run } from './registry.ts';
import { searchPath, tools } from './requirements.ts';
import type { Plug, Plugged } from './switch.ts';

type Argv = readonly [program: string, ...rest: string[]];

export interface SpawnOptions {
  /** What it is called in messages and logs; default the program's file name. */
  readonly name?: string | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Its working directory; default the host's own directory. */
  readonly directory?: string | undefined;
}

/** What hosts need of the lab they are in. */
export interface HostContext {
  readonly run: Run;
  /** Whether programs shall outlive this process. */
  readonly keep: boolean;
  /** Called with each program that is started. */
  readonly started: (process: LabProcess) => void;
}

/** A machine in the lab: a network namespace with interfaces, in which programs run. */
export class Host implements Plugged {
  readonly name: string;
  readonly namespace: Namespace;
  readonly nics: readonly Nic[];
  /** For its files: state directories, sockets, logs. Goes with the lab, mounts below it included. */
  readonly directory: string;
  readonly #context: HostContext;
  #programs = 0;

  constructor(name: string, namespace: Namespace, nics: readonly Nic[], context: HostContext) {
    this.name = name;
    this.namespace = namespace;
    this.nics = nics;
    this.directory = join(context.run.directory, name);
    this.#context = context;
    mkdirSync(this.directory);
  }

  /** Its first network card. @throws RangeError where it has none. */
  get nic(): Nic {
    const first = this.nics[0];
    if (first === undefined) throw new RangeError(`${this.name} has no network card`);
    return first;
  }

  get plugs(): readonly Plug[] {
    return this.nics;
  }

  /**
   * Runs a program to its end.
   * @throws CommandError unless it exits with 0 or may fail.
   */
  exec(argv: Argv, options: CommandOptions = {}): Promise<CommandResult> {
    const environment = this.#environment(options.environment);
    return runCommand(this.#inside(argv, true), { ...options, environment });
  }

  /** Starts a program that goes on until it ends, is ended, or the lab does. */
  async spawn(argv: Argv, options: SpawnOptions = {}): Promise<LabProcess> {
    const { run, keep, started } = this.#context;
    const name = options.name ?? argv[0].slice(argv[0].lastIndexOf('/') + 1);
    const process = await LabProcess.start({
      name: `${this.name}/${name}`,
      argv: this.#inside(argv, !keep),
      environment: this.#environment(options.environment),
      workingDirectory: options.directory ?? this.directory,
      logPath: join(this.directory, `${++this.#programs}-${name}`),
      record: (identity) => recordProcess(run, identity),
    });
    started(process);
    return process;
  }

  /** Not through `ip netns exec`: it gives a mount namespace of its own, whose mounts end with the program. */
  #inside(argv: Argv, diesWithLab: boolean): Argv {
    const { nsenter, setpriv } = tools();
    const guard = diesWithLab ? [setpriv, '--pdeathsig', 'KILL', '--'] : [];
    return [nsenter, `--net=${this.namespace.path}`, '--', ...guard, ...argv];
  }

  #environment(own: Readonly<Record<string, string>> = {}): Record<string, string> {
    const base = process.env as Record<string, string>;
    return { ...base, PATH: searchPath(), ...own, [runVariable]: this.#context.run.id };
  }
}
