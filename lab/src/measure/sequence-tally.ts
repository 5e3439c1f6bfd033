/** What became of numbered packets. */
export interface SequenceResult {
  readonly sent: number;
  /** Numbers that came back at least once. */
  readonly received: number;
  readonly lost: number;
  /** Arrivals of a number that had come already. */
  readonly duplicated: number;
  /** First arrivals of a number after a higher one had come. */
  readonly outOfOrder: number;
  /** The longest time between two arrivals; undefined where there were fewer than two. */
  readonly longestGapMs: number | undefined;
  /** The numbers lost, as runs of first and last, by when they were sent. */
  readonly lostRuns: readonly LostRun[];
}

export interface LostRun {
  readonly first: number;
  readonly last: number;
  readonly firstSentMs: number;
  readonly lastSentMs: number;
}

/** Counts numbered packets that go out and come back. Numbers are sent in order, from 0 on. */
export class SequenceTally {
  readonly #sentMs: number[] = [];
  readonly #arrived = new Set<number>();
  #highest = -1;
  #duplicated = 0;
  #outOfOrder = 0;
  #lastArrivalMs: number | undefined;
  #longestGapMs: number | undefined;

  /** Notes that the next number goes out, and returns it. */
  send(atMs: number): number {
    return this.#sentMs.push(atMs) - 1;
  }

  /** Notes an arrival. Numbers that were never sent are somebody else's, and do not count. */
  receive(number: number, atMs: number): void {
    if (!(number >= 0 && number < this.#sentMs.length)) return;
    if (this.#lastArrivalMs !== undefined) {
      this.#longestGapMs = Math.max(this.#longestGapMs ?? 0, atMs - this.#lastArrivalMs);
    }
    this.#lastArrivalMs = atMs;
    if (this.#arrived.has(number)) {
      this.#duplicated++;
      return;
    }
    this.#arrived.add(number);
    if (number < this.#highest) this.#outOfOrder++;
    this.#highest = Math.max(this.#highest, number);
  }

  /** How many of the numbers sent have come back. */
  get received(): number {
    return this.#arrived.size;
  }

  result(): SequenceResult {
    const sent = this.#sentMs.length;
    return {
      sent,
      received: this.received,
      lost: sent - this.received,
      duplicated: this.#duplicated,
      outOfOrder: this.#outOfOrder,
      longestGapMs: this.#longestGapMs,
      lostRuns: this.#lostRuns(),
    };
  }

  #lostRuns(): LostRun[] {
    const runs: LostRun[] = [];
    this.#sentMs.forEach((atMs, number) => {
      if (this.#arrived.has(number)) return;
      const previous = runs.at(-1);
      if (previous !== undefined && previous.last === number - 1) {
        runs[runs.length - 1] = { ...previous, last: number, lastSentMs: atMs };
      } else {
        runs.push({ first: number, last: number, firstSentMs: atMs, lastSentMs: atMs });
      }
    });
    return runs;
  }
}
