import type { MacAddress } from '@fairlead/ip';

/**
 * What one address on one segment goes through on the node that may answer for it.
 * `at` and `since` are monotonic milliseconds.
 */
export type Claim =
  | { readonly kind: 'idle' }
  /** Answering, and asking meanwhile whether a foreign host has the address (RFC 5227 §2.1.1). */
  | {
      readonly kind: 'probing';
      readonly since: number;
      readonly sent: number;
      readonly at: number;
    }
  /** Answering, and telling the network; the next gratuitous announcement is due at `at`. */
  | {
      readonly kind: 'answering';
      readonly since: number;
      readonly announced: number;
      readonly at: number;
    }
  /** A foreign host has it; asked again at `at`, in silence, `sent` times since it was last heard. */
  | {
      readonly kind: 'conflict';
      readonly mac: MacAddress;
      readonly since: number;
      readonly sent: number;
      readonly at: number;
    };

export type ClaimEvent =
  /**
   * Time has passed, or the wish has changed. `wanted` = this node holds the bucket and its landing
   * and rows are in place; `fresh` = no node of ours held it before, so a foreign host might;
   * `muted` = nobody would hear it (a cut cable): gratuitous frames wait.
   */
  | {
      readonly kind: 'tick';
      readonly wanted: boolean;
      readonly fresh: boolean;
      readonly muted: boolean;
    }
  /** Somebody else was told that the address is theirs: tell the network again. */
  | { readonly kind: 'contradicted' }
  /** Another host than a node of ours uses the address. */
  | { readonly kind: 'foreign'; readonly mac: MacAddress }
  /** The MAC of a conflict turned out to be a node of ours. */
  | { readonly kind: 'cleared' };

export type ClaimAction = 'probe' | 'answer' | 'silence' | 'announce';

export interface ClaimStep {
  readonly claim: Claim;
  readonly actions: readonly ClaimAction[];
}

/** Three probes within 200 ms: RFC 5227 §2.1.1 shortened, as machines wait for the address. */
const PROBE_COUNT = 3;
const PROBE_INTERVAL_MS = 67;
/** When gratuitous announcements go out after the first answer, then every minute. */
const ANNOUNCE_AFTER_MS = [0, 50, 200, 1000];
const ANNOUNCE_EVERY_MS = 60_000;
const CONFLICT_RETRY_MS = 10_000;
const MUTED_RETRY_MS = 20;

export const IDLE: Claim = { kind: 'idle' };

/** The next state of a claim and what to do about it, in order. Pure; never throws. */
export function stepClaim(claim: Claim, event: ClaimEvent, now: number): ClaimStep {
  switch (event.kind) {
    case 'tick':
      return tick(claim, event, now);
    case 'foreign': {
      if (claim.kind === 'idle') return { claim, actions: [] };
      const since = claim.kind === 'conflict' ? claim.since : now;
      return {
        claim: { kind: 'conflict', mac: event.mac, since, sent: 0, at: now + CONFLICT_RETRY_MS },
        actions: isAnswering(claim) ? ['silence'] : [],
      };
    }
    case 'contradicted':
      return claim.kind === 'answering'
        ? { claim: { ...claim, announced: 0, at: now }, actions: [] }
        : { claim, actions: [] };
    case 'cleared':
      return claim.kind === 'conflict'
        ? { claim: { ...claim, sent: PROBE_COUNT, at: now }, actions: [] }
        : { claim, actions: [] };
    default:
      throw new RangeError(`unknown event ${JSON.stringify(event satisfies never)}`);
  }
}

/** Whether the node answers for the address in this state. */
export function isAnswering(claim: Claim): boolean {
  return claim.kind === 'probing' || claim.kind === 'answering';
}

/** When the claim next needs a tick, in monotonic milliseconds; undefined = not by itself. */
export function claimDeadline(claim: Claim): number | undefined {
  return claim.kind === 'idle' ? undefined : claim.at;
}

function tick(claim: Claim, event: Extract<ClaimEvent, { kind: 'tick' }>, now: number): ClaimStep {
  if (!event.wanted) {
    return { claim: IDLE, actions: isAnswering(claim) ? ['silence'] : [] };
  }
  switch (claim.kind) {
    case 'idle':
      return { claim: beginning(event.fresh, now), actions: ['answer'] };
    case 'conflict':
      if (now < claim.at) return { claim, actions: [] };
      return claim.sent < PROBE_COUNT
        ? askAgain(claim, now)
        : { claim: beginning(false, now), actions: ['answer'] };
    case 'probing':
      if (now < claim.at) return { claim, actions: [] };
      return claim.sent < PROBE_COUNT
        ? askAgain(claim, now)
        : announce({ kind: 'answering', since: claim.since, announced: 0, at: now }, event, now);
    case 'answering':
      if (now < claim.at) return { claim, actions: [] };
      return announce(claim, event, now);
    default:
      throw new RangeError(`unknown claim ${JSON.stringify(claim satisfies never)}`);
  }
}

/** Answers already; what is to be said to the network is due at once, but answers for other addresses come first. */
function beginning(fresh: boolean, now: number): Claim {
  return fresh
    ? { kind: 'probing', since: now, sent: 0, at: now }
    : { kind: 'answering', since: now, announced: 0, at: now };
}

function askAgain(claim: Extract<Claim, { kind: 'probing' | 'conflict' }>, now: number): ClaimStep {
  return {
    claim: { ...claim, sent: claim.sent + 1, at: now + PROBE_INTERVAL_MS },
    actions: ['probe'],
  };
}

/**
 * Counts only announcements that were sent, so that muted ones do not shorten the series. With the last of the series
 * and those of each minute goes a probe: it finds a foreign host that was not there yet, or not to be heard, before.
 */
function announce(
  claim: Extract<Claim, { kind: 'answering' }>,
  { muted }: { readonly muted: boolean },
  now: number,
): ClaimStep {
  if (muted) return { claim: { ...claim, at: now + MUTED_RETRY_MS }, actions: [] };
  const { announced } = claim;
  const next = ANNOUNCE_AFTER_MS[announced + 1];
  const at =
    next === undefined
      ? wholeSecond(now + ANNOUNCE_EVERY_MS)
      : now + next - (ANNOUNCE_AFTER_MS[announced] ?? 0);
  return {
    claim: { ...claim, announced: announced + 1, at },
    actions: next === undefined ? ['announce', 'probe'] : ['announce'],
  };
}

/** Thousands of addresses then share few wake-ups. */
function wholeSecond(ms: number): number {
  return Math.ceil(ms / 1000) * 1000;
}
