/** A question to a peer that fell silent marks a new time of listening, unless the last such time began just now. */
const SUSPICION_MS = 100;

/**
 * Whether a node that is alone would be heard, judged by whether it hears anything. One that heard frames while its
 * peers fell silent has a link; one that heard nothing was cut off, or deaf. When it hears the first frame again it
 * gives its peers a moment to be heard as well: what it took meanwhile is theirs, and must not be announced.
 * Times are monotonic milliseconds.
 */
export class Hearing {
  readonly #received: () => bigint | undefined;
  #before: bigint | undefined;
  #sinceMs = -Infinity;
  #wasDeaf = false;
  #heardAtMs: number | undefined;
  /** Asked of the kernel once a turn, whatever number of addresses depends on it. */
  #current: { readonly count: bigint | undefined } | undefined;

  /** @param received How many frames the interface has received; undefined = it is gone. */
  constructor(received: () => bigint | undefined) {
    this.#received = received;
  }

  /** What was found out about the interface may have changed by now. */
  beginTurn(): void {
    this.#current = undefined;
  }

  /** A peer is silent and about to be given up: from now on it counts whether anything else is heard. */
  suspect(nowMs: number): void {
    if (nowMs < this.#sinceMs + SUSPICION_MS) return;
    this.#listen(nowMs);
  }

  /** Others are live: what was heard until now says nothing about later. */
  forget(): void {
    this.#before = undefined;
    this.#sinceMs = -Infinity;
  }

  /** Whether this node, which is alone, would not be heard; after a silence peers have so many ms to be heard. */
  isMuted(nowMs: number, patienceMs: number): boolean {
    if (this.#before === undefined) this.#listen(nowMs);
    const count = this.#count();
    if (count === undefined || this.#before === undefined || count <= this.#before) {
      this.#wasDeaf = true;
      return true;
    }
    if (!this.#wasDeaf) return false;
    this.#heardAtMs ??= nowMs;
    return nowMs < this.#heardAtMs + patienceMs;
  }

  #listen(nowMs: number): void {
    this.#before = this.#count();
    this.#sinceMs = nowMs;
    this.#wasDeaf = false;
    this.#heardAtMs = undefined;
  }

  #count(): bigint | undefined {
    this.#current ??= { count: this.#received() };
    return this.#current.count;
  }
}
