import { inspect } from 'node:util';

const longestWaitMs = 10_000;

/** The newest of the values that a source has told, for tests that wait for one. */
export class Newest<T> {
  #value: T | undefined;
  #wake = () => {};

  add(value: T): void {
    this.#value = value;
    this.#wake();
  }

  /** The first value from now on, the present one included, that fulfils the condition. */
  async until(what: string, condition: (value: T) => boolean, waitMs = longestWaitMs): Promise<T> {
    const deadline = AbortSignal.timeout(waitMs);
    for (;;) {
      if (this.#value !== undefined && condition(this.#value)) return this.#value;
      if (deadline.aborted) {
        throw new Error(`none with ${what}; the newest is ${inspect(this.#value, { depth: 4 })}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }
}
