import { releaseColdMemory } from '@fairlead/linux';
import type { Log } from './log.ts';

const LOOK_EVERY_MS = 5000;
/** A collection blocks the main thread for some tenths of a second: not again at once. */
const REST_MS = 30_000;
/** Bytes above what was left the last time: some 20 MiB of that come back by themselves, being in use. */
const WORTH_THE_WORK = 32 * 2 ** 20;

/**
 * Gives memory back some seconds after the start, and later whenever the process has grown much:
 * garbage, for which V8 sees no need to look while nothing happens, and the pages of Node itself that
 * serve only to start it, to compile, or to read a large file. Amid much work that leaves what the work still
 * holds, so each time is followed by another one after the rest.
 */
export class ColdMemory implements Disposable {
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  /** Bytes that were resident right after the last time. */
  #left = 0;
  #restUntilMs = -Infinity;
  #again = false;

  constructor(log: Log) {
    this.#log = log;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  #look(): void {
    if (performance.now() < this.#restUntilMs) return;
    const resident = process.memoryUsage.rss();
    const hasGrown = resident >= this.#left + WORTH_THE_WORK;
    if (!hasGrown && !this.#again) return;
    this.#again = hasGrown;
    const startedMs = performance.now();
    this.#restUntilMs = startedMs + REST_MS;
    try {
      // There where Node was started with --expose-gc, as bin/fairlead does.
      globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
      releaseColdMemory();
      this.#left = process.memoryUsage.rss();
    } catch (error) {
      this.#log.warn({ err: error }, 'no memory can be given back: this process stays larger');
      clearInterval(this.#timer);
      return;
    }
    this.#log.debug(
      { resident, left: this.#left, tookMs: performance.now() - startedMs },
      'gave memory back',
    );
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
