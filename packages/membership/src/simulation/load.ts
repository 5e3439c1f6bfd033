import type { Random } from './random.ts';

/**
 * How late a worker wakes up, after measurements of heartbeat gaps on two cores: nothing else running; both
 * cores kept busy by others, with and without the real-time scheduler.
 */
export type Load = 'idle' | 'busy' | 'busy-plain';

interface Lateness {
  /** Milliseconds that are exceeded with the given probability. */
  readonly quantiles: readonly (readonly [probability: number, lateMs: number])[];
  readonly usualMs: number;
}

const lateness: Readonly<Record<Load, Lateness>> = {
  idle: {
    usualMs: 0.1,
    quantiles: [
      [0.0001, 12],
      [0.001, 7],
      [0.01, 4],
    ],
  },
  busy: {
    usualMs: 0.2,
    quantiles: [
      [0.00005, 130],
      [0.0005, 57],
      [0.01, 1],
    ],
  },
  'busy-plain': {
    usualMs: 1,
    quantiles: [
      [0.00005, 200],
      [0.001, 94],
      [0.01, 14],
    ],
  },
};

/** How many milliseconds a wake-up comes late. */
export function wakeDelay(random: Random, load: Load): number {
  const { quantiles, usualMs } = lateness[load];
  const drawn = random.unit();
  for (const [probability, lateMs] of quantiles) {
    if (drawn < probability) return random.between(lateMs / 2, lateMs);
  }
  return random.unit() * usualMs;
}

/** How many milliseconds a datagram travels on a LAN. */
export function travelTime(random: Random): number {
  return random.chance(0.01) ? random.between(0.3, 3) : random.between(0.05, 0.3);
}
