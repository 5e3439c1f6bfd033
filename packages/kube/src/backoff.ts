/** How long to wait after a number of failures in a row. */
export interface BackoffPolicy {
  /** After the first failure. */
  readonly initialMs: number;
  /** Never longer. */
  readonly maximumMs: number;
  /** Each wait is so many times the one before. */
  readonly factor: number;
  /** The share of a wait, 0 to 1, that chance may take away: so that those who failed together do not come back together. */
  readonly jitter: number;
}

/** A number in [0, 1), as `Math.random` gives. */
export type Random = () => number;

/** @param failures in a row, from 1 */
export function backoffMs(policy: BackoffPolicy, failures: number, random: Random): number {
  // Beyond 2^64 the maximum has been reached for every sensible policy; the exponent must not overflow.
  const grown = policy.initialMs * policy.factor ** Math.min(Math.max(failures, 1) - 1, 64);
  return Math.min(policy.maximumMs, grown) * (1 - policy.jitter * random());
}

/** Counts failures in a row. */
export class Backoff {
  readonly #policy: BackoffPolicy;
  readonly #random: Random;
  #failures = 0;

  constructor(policy: BackoffPolicy, random: Random) {
    this.#policy = policy;
    this.#random = random;
  }

  get failures(): number {
    return this.#failures;
  }

  /** One more failure. @returns how long to wait now, ms */
  fail(): number {
    this.#failures += 1;
    return backoffMs(this.#policy, this.#failures, this.#random);
  }

  succeed(): void {
    this.#failures = 0;
  }
}
