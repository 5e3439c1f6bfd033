import { hash32, hashPair } from './hash32.ts';
import { lnOfHash } from './natural-logarithm.ts';

/**
 * Rendezvous (highest random weight) hashing, Thaler and Ravishankar 1998: each candidate gets a score
 * from the key and its own name alone, and the highest wins. Whoever knows the same names agrees without
 * talking, and a candidate that goes moves only what it had won. Scores are on the wire in effect: they
 * are stable for ever. Equal scores are settled by name, the lower code units first.
 */

/** A candidate that shall win in proportion to its weight, a finite number; 0 or less takes no part. */
export interface WeightedName {
  readonly name: string;
  readonly weight: number;
}

/**
 * The hash of a key: text by `hash32`, a whole number from 0 to 2^32 - 1 by `hash32` of its four bytes,
 * little-endian.
 * @throws RangeError for any other number.
 */
export function rendezvousKey(key: string | number): number {
  if (typeof key === 'string') return hash32(key);
  if (key >>> 0 !== key) throw new RangeError(`a key is a 32-bit unsigned integer, not ${key}`);
  return hash32(Uint8Array.of(key, key >>> 8, key >>> 16, key >>> 24));
}

/** A candidate's score for a key, 0 to 2^32 - 1; the highest wins. */
export function rendezvousScore(keyHash: number, candidateHash: number): number {
  return hashPair(keyHash, candidateHash);
}

/**
 * A candidate's score for a key such that it wins in proportion to its weight: -w / ln h, h being the
 * unweighted score scaled into (0, 1) (Schindelhauer and Schomaker 2005). A changed weight moves only keys
 * from or to that candidate. Basic arithmetic only: the same on every machine.
 */
export function weightedRendezvousScore(
  keyHash: number,
  candidateHash: number,
  weight: number,
): number {
  return -weight / lnOfHash(rendezvousScore(keyHash, candidateHash));
}

/** The candidates with a weight above 0 in the order in which they win the key. */
export function weightedRendezvousOrder(
  key: string | number,
  candidates: readonly WeightedName[],
): string[] {
  const keyHash = rendezvousKey(key);
  return candidates
    .filter(({ weight }) => weight > 0)
    .map(({ name, weight }) => ({
      name,
      score: weightedRendezvousScore(keyHash, hash32(name), weight),
    }))
    .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1))
    .map(({ name }) => name);
}
