/** How fast a node beats and how long its silence is borne; all in milliseconds. */
export interface Timing {
  readonly intervalMs: number;
  readonly deadAfterMs: number;
  /** How long a heartbeat lets the node answer: one lost heartbeat must not make two owners. */
  readonly ttlMs: number;
}

/** Without the real-time scheduler, heartbeats of a busy node come up to 130 ms late. */
const slowest = {
  roundRobin: { interval: 75, intervals: 4 },
  plain: { interval: 100, intervals: 5 },
};

/** With more nodes, beats become slower so that a node's cost stays bounded: with 50, dead-after is below 500 ms. */
const intervalPerNodeMs = 2.4;

/** Beats of a node that hears nobody: the sooner its beat, the shorter two owners after healing. */
const aloneIntervalMs = 20;
const aloneIntervalPerNodeMs = 2;

/** How often a node that knows no peer extends its fence, and by how much. */
export const soloIntervalMs = 10_000;
export const soloTtlMs = 60_000;

/** The least time between two heartbeats to all. */
const minimumSpacingMs = 5;
const spacingPerNodeMs = 0.2;

/** Up to so many nodes every heartbeat is read at once. */
const smallSegment = 10;
const readingSpacingPerNodeMs = 0.38;

export function timingFor(nodes: number, roundRobin: boolean): Timing {
  const { interval, intervals } = roundRobin ? slowest.roundRobin : slowest.plain;
  const intervalMs = Math.max(interval, Math.ceil(nodes * intervalPerNodeMs));
  const deadAfterMs = intervals * intervalMs;
  return { intervalMs, deadAfterMs, ttlMs: deadAfterMs - intervalMs - 25 };
}

export function aloneInterval(nodes: number): number {
  return Math.max(aloneIntervalMs, nodes * aloneIntervalPerNodeMs);
}

/**
 * How long arrived heartbeats may wait so that several are read at once. Many come in a large segment, and to wake up
 * costs more than to read one; small segments never wait.
 */
export function readingSpacing(nodes: number): number {
  return nodes > smallSegment ? nodes * readingSpacingPerNodeMs : 0;
}

export function urgentSpacing(nodes: number): number {
  return Math.max(minimumSpacingMs, nodes * spacingPerNodeMs);
}

/** The timing that this node declares. A change is declared at once but widens the fence only later. */
export class DeclaredTiming {
  #current: Timing;
  #narrowTtlMs = 0;
  #narrowUntil = -Infinity;

  constructor(timing: Timing) {
    this.#current = timing;
  }

  get current(): Timing {
    return this.#current;
  }

  /** The TTL that every peer's idea of our dead-after allows, the older one's included. */
  ttlMs(now: number): number {
    return now < this.#narrowUntil
      ? Math.min(this.#narrowTtlMs, this.#current.ttlMs)
      : this.#current.ttlMs;
  }

  /** Returns whether it differs, and so has to be sent. */
  declare(timing: Timing, now: number): boolean {
    const old = this.#current;
    if (old.intervalMs === timing.intervalMs && old.deadAfterMs === timing.deadAfterMs)
      return false;
    this.#narrowTtlMs = this.ttlMs(now);
    this.#narrowUntil = now + Math.max(old.deadAfterMs, timing.deadAfterMs);
    this.#current = timing;
    return true;
  }
}
