/** What was written, and what became of it. */
export type WriteKind = 'service' | 'pool' | 'secret';
/** `unchanged`: the API server has it already, nothing was written. */
export type WriteOutcome = 'ok' | 'unchanged' | 'failed';

/** Counts writes to the API server. */
export class WriteCounts {
  readonly #counts = new Map<string, number>();

  /** Runs a write, which tells what it wrote, if anything, and counts it; one that was aborted is none. */
  async during<T>(
    kind: WriteKind,
    signal: AbortSignal,
    write: () => Promise<T | false | undefined>,
  ): Promise<T | false | undefined> {
    try {
      const result = await write();
      this.#add(kind, result === false || result === undefined ? 'unchanged' : 'ok');
      return result;
    } catch (error) {
      if (!signal.aborted) this.#add(kind, 'failed');
      throw error;
    }
  }

  samples(): readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value: number;
  }[] {
    return Array.from(this.#counts, ([name, value]) => {
      const [kind = '', outcome = ''] = name.split(' ');
      return { labels: { kind, outcome }, value };
    });
  }

  #add(kind: WriteKind, outcome: WriteOutcome): void {
    const name = `${kind} ${outcome}`;
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}
