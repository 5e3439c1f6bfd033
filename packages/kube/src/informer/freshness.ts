/** When a view was surely current. Times of one clock, ms. */
export class Freshness {
  #currentMs = -Infinity;
  /** Since when the watch is open, by when it was asked for. */
  #openedMs: number | undefined;
  /** What was known before it opened. */
  #beforeMs = -Infinity;

  ageMs(nowMs: number): number {
    return nowMs - this.#currentMs;
  }

  /** The server has agreed to tell all changes; it was asked at `askedMs`. What we missed follows at once. */
  opened(askedMs: number): void {
    this.#openedMs = askedMs;
    this.#beforeMs = this.#currentMs;
    this.#since(askedMs);
  }

  /** It did not agree after all: an error is the first that it tells. */
  refused(): void {
    if (this.#openedMs !== undefined) this.#currentMs = this.#beforeMs;
  }

  closed(): void {
    this.#openedMs = undefined;
  }

  /**
   * The server answered a question asked at `askedMs` while the watch was open: what had changed until then is
   * told, or about to be.
   */
  reached(askedMs: number): void {
    if (this.#openedMs !== undefined && askedMs >= this.#openedMs) this.#since(askedMs);
  }

  /** Something came by the watch. It may have been on its way for long, so where questions are asked it proves nothing. */
  heard(nowMs: number, questionsAsked: boolean): void {
    if (!questionsAsked) this.#since(nowMs);
  }

  #since(ms: number): void {
    this.#currentMs = Math.max(this.#currentMs, ms);
  }
}
