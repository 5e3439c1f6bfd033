import type { PodAnswer } from './pod-answer.ts';

/** One try of a client to get an answer through an address. */
export interface Attempt {
  readonly kind: 'attempt';
  readonly protocol: 'tcp' | 'udp';
  /** Whom it asked. */
  readonly address: string;
  readonly port: number;
  /** `monotonicMs`, as all times here. */
  readonly startedMs: number;
  readonly endedMs: number;
  /** The client's own end, where it got so far. */
  readonly local?: { readonly address: string; readonly port: number };
  readonly answer?: PodAnswer;
  /** Why there is no answer: an error code, or `timeout`. */
  readonly error?: string;
}

/** From a success to the next one, by when they were started. */
export interface Gap {
  readonly fromMs: number;
  readonly toMs: number;
  readonly ms: number;
  /** Tries in between, all in vain. */
  readonly failed: number;
}

/**
 * The longest time for which no new connection got through: its smallest value is the time between two
 * attempts. Undefined where fewer than two got through at all.
 */
export function longestGap(attempts: readonly Attempt[]): Gap | undefined {
  const ordered = attempts.toSorted((a, b) => a.startedMs - b.startedMs);
  let longest: Gap | undefined;
  let last: number | undefined;
  let failed = 0;
  for (const { startedMs, answer } of ordered) {
    if (answer === undefined) {
      failed++;
      continue;
    }
    if (last !== undefined && startedMs - last > (longest?.ms ?? -1)) {
      longest = { fromMs: last, toMs: startedMs, ms: startedMs - last, failed };
    }
    last = startedMs;
    failed = 0;
  }
  return longest;
}

/** Attempts without an answer. */
export function lostAttempts(attempts: readonly Attempt[]): Attempt[] {
  return attempts.filter(({ answer }) => answer === undefined);
}

/** Answered attempts in which the pod saw somebody else than the client that asked. */
export function disguisedAttempts(attempts: readonly Attempt[]): Attempt[] {
  return attempts.filter(
    ({ answer, local }) =>
      answer !== undefined &&
      (answer.client !== local?.address || answer.clientPort !== local.port),
  );
}

/** How many attempts each pod answered. */
export function answersByPod(attempts: readonly Attempt[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { answer } of attempts) {
    if (answer !== undefined) counts.set(answer.pod, (counts.get(answer.pod) ?? 0) + 1);
  }
  return counts;
}
