/** A seeded source of randomness (sfc32, Chris Doty-Humphrey): the same seed, the same history. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = 0x9e3779b9;
    this.#c = 0x243f6a88;
    for (let round = 0; round < 12; round++) this.word();
  }

  /** 32 random bits. */
  word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** From 0 to 1, 1 excluded. */
  unit(): number {
    return this.word() / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + this.unit() * (high - low);
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    return Math.floor(this.unit() * limit);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.unit() < probability;
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.below(from.length)];
    if (picked === undefined) throw new RangeError('nothing to pick from');
    return picked;
  }

  /** That many different whole numbers below `limit`, in random order. */
  sample(count: number, limit: number): number[] {
    const all = Array.from({ length: limit }, (_, index) => index);
    for (let index = 0; index < count; index++) {
      const other = index + this.below(limit - index);
      const swapped = all[other] ?? other;
      all[other] = all[index] ?? index;
      all[index] = swapped;
    }
    return all.slice(0, count);
  }
}
