/** Median and largest, as in `12 / 40`. */
export function spread(figures: readonly number[], decimals = 0): string {
  return `${median(figures).toFixed(decimals)} / ${Math.max(...figures).toFixed(decimals)}`;
}

/** NaN where there is none. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (low + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}
