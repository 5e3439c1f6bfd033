import { runCommand, type CommandOptions, type CommandResult } from './command.ts';
import { tools } from './requirements.ts';
import type { SetupScript } from './setup-script.ts';

/** Where `ip netns` keeps its namespaces. */
export const namespaceDirectory = '/run/netns';

/** A network namespace that `ip netns` knows. */
export class Namespace {
  readonly name: string;
  /** It can be entered through this file. */
  readonly path: string;

  constructor(name: string) {
    this.name = name;
    this.path = `${namespaceDirectory}/${name}`;
  }

  static async add(name: string): Promise<Namespace> {
    await runCommand([tools().ip, 'netns', 'add', name]);
    return new Namespace(name);
  }

  async setUp(script: SetupScript): Promise<void> {
    await this.run(['/bin/sh', '-ec', script.render(tools().ip)]);
  }

  /** Runs a program of the lab's own inside. */
  run(
    argv: readonly [program: string, ...rest: string[]],
    options?: CommandOptions,
  ): Promise<CommandResult> {
    return runCommand([tools().nsenter, `--net=${this.path}`, '--', ...argv], options);
  }
}
