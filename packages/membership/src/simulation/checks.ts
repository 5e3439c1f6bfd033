import type { Cost } from './fault-class.ts';
import type { History } from './history.ts';

/** A hand-over or a meeting of two sides takes some travel and wake-ups; a busy node's come late. */
const slackMs = { idle: 20, busy: 150, 'busy-plain': 220 } as const;

/** Two that differ, about configuration or who is live, bear it for two intervals. */
const contestIntervals = 2;

/** With up to every fifth heartbeat lost, so many in a row may be. */
const lossyIntervals = 8;

/** The longest that an address may be without an answer, and with two, under these circumstances. */
interface Bounds {
  readonly outageMs: number;
  readonly overlapMs: number;
}

/** What is wrong with a history, in words; empty where all rules held. */
export function check(history: History): string[] {
  const { circumstances, outageMs, overlapMs, strayed } = history;
  const { faults, loss, load } = circumstances;
  const bounds = boundsOf(history);
  const found = [...history.violations];
  if (outageMs > bounds.outageMs) {
    found.push(`no answer for ${outageMs.toFixed(1)} ms, at most ${bounds.outageMs}`);
  }
  if (overlapMs > bounds.overlapMs) {
    found.push(`two owners for ${overlapMs.toFixed(1)} ms, at most ${bounds.overlapMs}`);
  }
  const predictable = loss === 0 && load === 'idle' && faults.every(({ cost }) => cost !== 'limit');
  if (predictable && strayed !== 0) {
    found.push(`addresses ${strayed.toString(2)} (bits) moved, whose owner was not concerned`);
  }
  return found;
}

function boundsOf({ circumstances }: History): Bounds {
  const { faults, loss, load, timing } = circumstances;
  const { intervalMs, deadAfterMs, ttlMs } = timing;
  const slack = slackMs[load];
  const detections = faults.reduce((sum, { cost }) => sum + detectionsOf[cost], 0);
  const lossy = loss > 0;
  const contestMs = (lossy ? lossyIntervals : contestIntervals) * intervalMs;
  // Of two faults one may stop an owner in the middle of a hand-over: it answers on until its fence runs out.
  const overlapMs = faults.length > 1 ? Math.max(contestMs, ttlMs) : contestMs;
  return {
    outageMs:
      // An interval at most lies between the last quoted heartbeat and the fault.
      detections * (deadAfterMs + intervalMs) +
      (detections > 0 || load !== 'idle' ? slack : 1) +
      (lossy ? lossyIntervals * intervalMs : 0),
    overlapMs: faults.some(({ cost }) => cost === 'limit') ? Infinity : overlapMs + slack,
  };
}

const detectionsOf: Readonly<Record<Cost, number>> = { nothing: 0, detection: 1, limit: 1 };
