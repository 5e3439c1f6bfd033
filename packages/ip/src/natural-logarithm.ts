/** 1/19, 1/17 … 1/3, 1: the series of artanh as far as a double can tell when |s| < 0.172. */
const inverseOdds = [19, 17, 15, 13, 11, 9, 7, 5, 3, 1].map((odd) => 1 / odd);

/**
 * ln((hash + 0.5) / 2^32) for an integer from 0 to 2^32 - 1: always below 0, never minus infinity.
 *
 * Not `Math.log`: ECMA-262 leaves its last digits to the implementation (and a compiler that fuses
 * multiply and add changes them between CPUs), but all nodes must order candidates alike. The four basic
 * operations are exact IEEE 754 everywhere, and this uses nothing else.
 */
export function lnOfHash(hash: number): number {
  // (2 hash + 1) / 2^33 as mantissa * 2^exponent, the mantissa in [sqrt(1/2), sqrt(2)); all exact.
  const bits = 32 - Math.clz32(hash);
  const power = bits === 0 ? 1 : 2 * ((1 << (bits - 1)) >>> 0);
  const scaled = (2 * hash + 1) / power;
  const high = scaled > Math.SQRT2;
  const mantissa = high ? scaled / 2 : scaled;
  const exponent = bits - 33 + (high ? 1 : 0);
  // ln m = 2 artanh s = 2 (s + s^3/3 + s^5/5 + …) with s = (m - 1) / (m + 1).
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  let series = 0;
  for (const inverseOdd of inverseOdds) series = series * z + inverseOdd;
  return exponent * Math.LN2 + 2 * s * series;
}
