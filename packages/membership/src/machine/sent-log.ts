const capacity = 2048;

/** When each of the newest heartbeats was sent: what a peer quotes proves that it lived after that. */
export class SentLog {
  readonly #times = new Float64Array(capacity);
  #newest = 0;

  /** The next sequence, noted as sent at `now`. */
  next(now: number): number {
    this.#newest += 1;
    this.#times[this.#newest % capacity] = now;
    return this.#newest;
  }

  /** When that sequence was sent; undefined where it never was, or too long ago to be remembered. */
  sentAt(sequence: number): number | undefined {
    if (sequence < 1 || sequence > this.#newest || sequence <= this.#newest - capacity) {
      return undefined;
    }
    return this.#times[sequence % capacity];
  }

  /** Begins a new incarnation. */
  reset(): void {
    this.#newest = 0;
  }
}
