import { releaseColdMemory } from '@fairlead/linux';
import type { Log } from './log.ts';

const LOOK_EVERY_MS = 5000;
/** Below this growth since the last time it is not worth the work. */
const GROWN_BY = 1.25;

/**
 * Gives memory back some seconds after the start, and later whenever the process has grown by a quarter:
 * garbage, for which V8 sees no need to look while nothing happens, and the pages of Node itself that
 * serve only to start it, to compile, or to read a large file.
 */
export class ColdMemory implements Disposable {
  readonly #log: Log;
  readonly #timer: NodeJS.Timeout;
  #residentAfter = 0;

  constructor(log: Log) {
    this.#log = log;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  #look(): void {
    const before = process.memoryUsage.rss();
    if (before < this.#residentAfter * GROWN_BY) return;
    const startedMs = performance.now();
    try {
      // There where Node was started with --expose-gc, as bin/fairlead does.
      globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
      releaseColdMemory();
      this.#residentAfter = process.memoryUsage.rss();
    } catch (error) {
      this.#log.warn({ err: error }, 'no memory can be given back: the agent stays larger');
      clearInterval(this.#timer);
      return;
    }
    this.#log.debug(
      { before, after: this.#residentAfter, tookMs: performance.now() - startedMs },
      'gave memory back',
    );
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
