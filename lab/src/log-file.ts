import { closeSync, openSync, readFileSync, readSync, watch } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const chunkBytes = 64 * 1024;

/**
 * What a program writes to one of its streams. It goes to a file, not through a pipe: a program must never
 * wait for the lab to read, and the file is still there when the lab is looked at later.
 */
export class LogFile {
  readonly path: string;
  readonly #writerEnded: Promise<unknown>;

  constructor(path: string, writerEnded: Promise<unknown>) {
    this.path = path;
    this.#writerEnded = writerEnded;
  }

  /** All that was written so far. */
  text(): string {
    return readFileSync(this.path, 'utf8');
  }

  /** Every line from the first on, as they are written, until the program has ended or `signal` aborts. */
  async *lines(signal?: AbortSignal): AsyncGenerator<string, void, undefined> {
    using changes = new Changes(this.path, this.#writerEnded, signal);
    using reader = new LineReader(this.path);
    while (!changes.aborted) {
      const ended = changes.ended;
      yield* reader.read();
      if (ended) {
        yield* reader.rest();
        return;
      }
      await changes.next();
    }
  }

  /**
   * The first line, written already or later, in which `pattern` is found.
   * @throws Error where the program ends or the deadline (default 5 000 ms) passes without one.
   */
  async match(pattern: RegExp, deadlineMs = 5_000): Promise<RegExpExecArray> {
    const deadline = AbortSignal.timeout(deadlineMs);
    for await (const line of this.lines(deadline)) {
      const match = pattern.exec(line);
      if (match !== null) return match;
    }
    const why = deadline.aborted ? `in ${deadlineMs} ms` : 'before the program ended';
    throw new Error(`no line like ${pattern} in ${this.path} ${why}: ${this.text().slice(-2_000)}`);
  }
}

/** Tells when a file may have grown or its writer has ended. */
class Changes implements Disposable {
  readonly #watcher;
  readonly #signal: AbortSignal | undefined;
  #wake = Promise.withResolvers<void>();
  ended = false;

  readonly #onChange = (): void => {
    this.#wake.resolve();
  };

  constructor(path: string, writerEnded: Promise<unknown>, signal: AbortSignal | undefined) {
    this.#watcher = watch(path, this.#onChange);
    this.#signal = signal;
    signal?.addEventListener('abort', this.#onChange);
    const onEnd = (): void => {
      this.ended = true;
      this.#onChange();
    };
    writerEnded.then(onEnd, onEnd);
  }

  get aborted(): boolean {
    return this.#signal?.aborted === true;
  }

  /** Resolves at the next change, or at once if there was one since the last call. */
  async next(): Promise<void> {
    await this.#wake.promise;
    this.#wake = Promise.withResolvers();
  }

  [Symbol.dispose](): void {
    this.#signal?.removeEventListener('abort', this.#onChange);
    this.#watcher.close();
  }
}

/** Cuts what was added to a file into lines. */
class LineReader implements Disposable {
  readonly #file: number;
  readonly #decoder = new StringDecoder('utf8');
  readonly #chunk = Buffer.alloc(chunkBytes);
  #partial = '';

  constructor(path: string) {
    this.#file = openSync(path, 'r');
  }

  *read(): Generator<string, void, undefined> {
    for (;;) {
      const length = readSync(this.#file, this.#chunk);
      if (length === 0) return;
      const text = this.#partial + this.#decoder.write(this.#chunk.subarray(0, length));
      const lines = text.split('\n');
      this.#partial = lines.pop() ?? '';
      yield* lines;
    }
  }

  /** A last line without an end. */
  *rest(): Generator<string, void, undefined> {
    if (this.#partial !== '') yield this.#partial;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}
