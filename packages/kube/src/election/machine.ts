import type { Lease } from 'kubernetes-types/coordination/v1.d.ts';
import { microTime, type LeaseRecord, type StoredLease } from './lease-record.ts';

/** When to take, keep and give up a Lease; all of them need `leaseMs > renewDeadlineMs > retryMs`. */
export interface ElectionTiming {
  /** Who does not hold it takes it when it has not changed for so long. Whole seconds. */
  readonly leaseMs: number;
  /** Who holds it is no longer leader when it could not renew it for so long. */
  readonly renewDeadlineMs: number;
  /** Between two attempts. */
  readonly retryMs: number;
}

/** client-go's. */
export const defaultTiming: ElectionTiming = {
  leaseMs: 15_000,
  renewDeadlineMs: 10_000,
  retryMs: 2_000,
};

/** What a candidate knows. Times are of its own monotonic clock, ms. */
export interface ElectionState {
  /** The Lease as it was last seen. */
  readonly observed: StoredLease | undefined;
  /** When it was first seen so. */
  readonly observedMs: number;
  /** It is leader until then. */
  readonly leaderUntilMs: number;
}

export const initialElection: ElectionState = {
  observed: undefined,
  observedMs: -Infinity,
  leaderUntilMs: -Infinity,
};

/** What to write, or that there is nothing to be done but wait. */
export type ElectionAttempt =
  | { readonly kind: 'create'; readonly record: LeaseRecord }
  | { readonly kind: 'update'; readonly record: LeaseRecord; readonly lease: Lease }
  | { readonly kind: 'wait' };

/** Somebody looked: the Lease, or undefined where there is none. */
export function observe(
  state: ElectionState,
  lease: StoredLease | undefined,
  nowMs: number,
): ElectionState {
  if (lease !== undefined && state.observed?.resourceVersion === lease.resourceVersion)
    return state;
  return { ...state, observed: lease, observedMs: nowMs };
}

/**
 * What to do with the Lease as it was last seen. The holder's timestamps say nothing, as its clock may be wrong:
 * what counts is how long we have seen it unchanged (client-go tools/leaderelection, tryAcquireOrRenew).
 */
export function attempt(
  state: ElectionState,
  identity: string,
  { leaseMs }: ElectionTiming,
  nowMs: number,
  date: Date,
): ElectionAttempt {
  const now = microTime(date);
  const durationSeconds = Math.ceil(leaseMs / 1000);
  const mine = { holder: identity, durationSeconds, acquireTime: now, renewTime: now };
  const { observed, observedMs } = state;
  if (observed === undefined) return { kind: 'create', record: { ...mine, transitions: 0 } };
  const { record, lease } = observed;
  if (record.holder === identity) {
    const { acquireTime, transitions } = record;
    return { kind: 'update', record: { ...mine, acquireTime, transitions }, lease };
  }
  const held = record.holder !== '' && nowMs < observedMs + validMs(record, leaseMs);
  if (held) return { kind: 'wait' };
  return { kind: 'update', record: { ...mine, transitions: record.transitions + 1 }, lease };
}

/** What its holder promised; where it promised nothing usable, what we would. */
function validMs({ durationSeconds }: LeaseRecord, leaseMs: number): number {
  return durationSeconds > 0 ? durationSeconds * 1000 : leaseMs;
}

/**
 * The server stored what an attempt at `askedMs` wrote. Others saw it no earlier than we asked, and wait for
 * longer than we lead: so what counts is when we asked, not when we learned of it.
 */
export function written(
  state: ElectionState,
  lease: StoredLease,
  { renewDeadlineMs }: ElectionTiming,
  askedMs: number,
  nowMs: number,
): ElectionState {
  return {
    observed: lease,
    observedMs: nowMs,
    leaderUntilMs: Math.max(state.leaderUntilMs, askedMs + renewDeadlineMs),
  };
}

export function isLeader(state: ElectionState, nowMs: number): boolean {
  return nowMs < state.leaderUntilMs;
}

/** Leader no more, by choice or because the Lease shows another holder. */
export function stepDown(state: ElectionState): ElectionState {
  return { ...state, leaderUntilMs: -Infinity };
}

/** What a holder writes when it goes: free, and of so short a duration that old clients see it soon (as client-go). */
export function released(record: LeaseRecord, date: Date): LeaseRecord {
  const now = microTime(date);
  return {
    holder: '',
    durationSeconds: 1,
    acquireTime: now,
    renewTime: now,
    transitions: record.transitions,
  };
}
