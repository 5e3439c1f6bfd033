import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Commands } from './host-program.ts';

const program = fileURLToPath(new URL('host-program.ts', import.meta.url));

type Reply = { readonly id: number; readonly result?: unknown; readonly error?: string };
type ResultOf<Name extends keyof Commands> = Awaited<ReturnType<Commands[Name]>>;

/** For the tests: a network namespace and the process that keeps it; both end together. */
export class Host implements Disposable {
  /** Fulfilled once it takes commands. */
  readonly ready: Promise<unknown>;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #last = 0;

  constructor() {
    this.#process = fork(program, {
      execPath: 'unshare',
      execArgv: ['--net', process.execPath],
      serialization: 'advanced',
    });
    this.ready = once(this.#process, 'message');
    this.#process.on('message', ({ id, result, error }: Reply) => {
      const waiting = this.#waiting.get(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(error));
      this.#waiting.delete(id);
    });
    this.#process.on('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`the host's process ended: ${signal ?? code}`));
      }
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** Runs shell commands inside. */
  run(script: string): string {
    const inside = ['-t', String(this.pid), '-n', 'sh', '-ec', script];
    return execFileSync('nsenter', inside, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  async call<Name extends keyof Commands>(
    name: Name,
    ...[argument]: Parameters<Commands[Name]>
  ): Promise<ResultOf<Name>> {
    this.#last += 1;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(this.#last, waiting);
    this.#process.send({ id: this.#last, name, argument });
    return (await waiting.promise) as ResultOf<Name>;
  }

  [Symbol.dispose](): void {
    this.#process.kill('SIGKILL');
  }
}
