/** Runs one task at a time; asked again while it runs, it runs once more afterwards. */
export class Reconciler {
  readonly #task: () => void;
  readonly #onError: (error: unknown) => void;
  #scheduled = false;
  #closed = false;

  constructor(task: () => void, onError: (error: unknown) => void) {
    this.#task = task;
    this.#onError = onError;
  }

  /** Coalesces: any number of requests before the next turn of the event loop are one run. */
  request(): void {
    if (this.#scheduled || this.#closed) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#closed) return;
      try {
        this.#task();
      } catch (error) {
        this.#onError(error);
      }
    });
  }

  close(): void {
    this.#closed = true;
  }
}
