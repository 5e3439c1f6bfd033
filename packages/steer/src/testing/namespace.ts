import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readlinkSync } from 'node:fs';
import type { Readable } from 'node:stream';

const own = () => readlinkSync('/proc/self/ns/net');

/** A network namespace, which ends with the process that keeps it. */
export class Namespace implements Disposable {
  readonly #keeper: ReturnType<typeof spawn>;
  readonly #children: ChildProcessByStdio<null, Readable, null>[] = [];

  private constructor(keeper: ReturnType<typeof spawn>) {
    this.#keeper = keeper;
  }

  static async create(): Promise<Namespace> {
    const keeper = spawn('unshare', ['--net', 'sleep', '120'], { stdio: 'ignore' });
    const path = `/proc/${keeper.pid}/ns/net`;
    while (!existsSync(path) || readlinkSync(path) === own()) {
      if (keeper.exitCode !== null) throw new Error('unshare ended');
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return new Namespace(keeper);
  }

  /** To move an interface here with `ip link set … netns`. */
  get pid(): number {
    return this.#keeper.pid!;
  }

  /** Runs shell commands inside. */
  run(commands: string): void {
    execFileSync('nsenter', [...this.#inside, 'sh', '-e'], { input: commands });
  }

  /** Starts a TypeScript program inside, and waits for its first words. */
  async start(program: string, ...values: readonly string[]): Promise<string> {
    const args = [...this.#inside, process.execPath, program, ...values];
    const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#children.push(child);
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`${program} ended with ${code} without a word`);
    });
    ended.catch(() => undefined);
    const [words] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer];
    return words.toString();
  }

  get #inside(): string[] {
    return ['-t', String(this.pid), '-n'];
  }

  [Symbol.dispose](): void {
    for (const child of [...this.#children, this.#keeper]) child.kill('SIGKILL');
  }
}
