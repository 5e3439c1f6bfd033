import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../clock.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/** A clock that stands still until it is told to go on. */
export class VirtualClock implements Clock {
  #nowMs = 1_000;
  #order = 0;
  readonly #timers = new Set<Timer>();

  nowMs(): number {
    return this.#nowMs;
  }

  date(): Date {
    return new Date(Date.UTC(2030, 0, 1) + this.#nowMs);
  }

  schedule(delayMs: number, callback: () => void): Disposable {
    const timer = { atMs: this.#nowMs + Math.max(delayMs, 0), order: this.#order++, callback };
    this.#timers.add(timer);
    return { [Symbol.dispose]: () => void this.#timers.delete(timer) };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Lets time pass, and all that waits for it happen in its order. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#next(endMs);
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
      await settle();
    }
    this.#nowMs = endMs;
  }

  #next(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.atMs > endMs) continue;
      const sooner =
        next === undefined ||
        timer.atMs < next.atMs ||
        (timer.atMs === next.atMs && timer.order < next.order);
      if (sooner) next = timer;
    }
    return next;
  }
}

/** Until all promises that can go on have gone on. */
export async function settle(): Promise<void> {
  await turn();
  await turn();
}
