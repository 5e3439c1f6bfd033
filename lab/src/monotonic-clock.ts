/**
 * Milliseconds of CLOCK_MONOTONIC, with fractions. One clock for all processes of a machine in whatever
 * network namespace, so what different tools recorded can be compared.
 */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
