/** Something that is measured, on a machine of its own if the figures are to mean anything. */
export interface Benchmark {
  /** As in `npm run bench -- NAME`. */
  readonly name: string;
  /** One line: what is measured. */
  readonly summary: string;
  /** Measures and prints; `flags` is what stands behind the name. Rejects where it could not measure, not where a budget is missed. */
  readonly run: (flags: readonly string[]) => Promise<void>;
}
