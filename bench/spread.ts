/** `median / max` of figures, without decimals unless asked for. */
export function spread(figures: readonly number[], decimals = 0): string {
  const max = figures.reduce((a, b) => Math.max(a, b), -Infinity);
  return `${median(figures).toFixed(decimals)} / ${max.toFixed(decimals)}`;
}

export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  return (low + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}
