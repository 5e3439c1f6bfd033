import type { LabProcess } from '../lab-process.ts';
import { waitFor } from '../wait-for.ts';

/** Some tools first wait for what is under way. */
const endsWithinMs = 30_000;

/** A measurement under way: the records that a tool prints, as they come. */
export class Recording<T> implements AsyncDisposable {
  readonly process: LabProcess;
  readonly #records: T[] = [];
  readonly #complete: Promise<void>;

  constructor(process: LabProcess) {
    this.process = process;
    this.#complete = this.#read();
    // Whoever calls `stop` learns of it.
    this.#complete.catch(() => undefined);
  }

  /** What there is so far. */
  get records(): readonly T[] {
    return this.#records;
  }

  /**
   * The first record that fits among those to come.
   * @throws Error where none has come by the deadline, default 5 000 ms.
   */
  async next<S extends T>(fits: (record: T) => record is S, deadlineMs?: number): Promise<S>;
  async next(fits: (record: T) => boolean, deadlineMs?: number): Promise<T>;
  async next(fits: (record: T) => boolean, deadlineMs?: number): Promise<T> {
    let seen = this.#records.length;
    return waitFor(
      () => {
        const found = this.#records.slice(seen).find(fits);
        seen = this.#records.length;
        return found;
      },
      { what: `a fitting record of ${this.process.name}`, deadlineMs },
    );
  }

  /**
   * Ends the tool and returns all its records.
   * @throws Error where the tool failed.
   */
  async stop(): Promise<readonly T[]> {
    const ranUntilNow = this.process.running;
    const { code, signal } = await this.process.stop(endsWithinMs);
    await this.#complete;
    if (code !== 0 || (!ranUntilNow && signal !== null)) {
      const said = this.process.stderr.text().slice(-2_000);
      throw new Error(`${this.process.name} ended with ${code ?? signal}: ${said}`);
    }
    return this.#records;
  }

  async #read(): Promise<void> {
    for await (const line of this.process.stdout.lines()) {
      const record = JSON.parse(line) as T | { readonly kind: 'ready' };
      if (!isReady(record)) this.#records.push(record);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}

function isReady(record: unknown): record is { readonly kind: 'ready' } {
  return (
    typeof record === 'object' && record !== null && 'kind' in record && record.kind === 'ready'
  );
}
