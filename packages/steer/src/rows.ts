import type { NodeName } from '@fairlead/cluster';
import { hash32, rendezvousKey, weightedRendezvousScore } from '@fairlead/ip';
import type { Candidate } from './plan.ts';

/** How many rows a table has, for ever: bpf/steer.h says why this many. */
export const ROWS = 4096;

/** In a row: there is no such choice. */
export const NO_CANDIDATE = 0xffff;

/** Nodes whose scores are kept, 32 KiB each: those of the last tables. */
const KEPT_NODES = 256;

/** A table's rows: primary and secondary of row `i` at `2 i` and `2 i + 1`, as indices of candidates. */
export type Rows = Uint16Array;

/**
 * Builds the rows of tables by weighted rendezvous hashing of row numbers over node names: what
 * `weightedRendezvousOrder(row, candidates)` puts first and second. All nodes build the same without
 * talking; only rows of a node that goes move, each to its second choice. A node's unweighted scores
 * are kept, so that a table costs a multiplication for each row and candidate.
 */
export class RowBuilder {
  readonly #scores = new Map<string, Float64Array>();
  readonly #keys = Array.from({ length: ROWS }, (_, row) => rendezvousKey(row));

  /** The rows for candidates in order of node, which settles ties. */
  build(candidates: readonly Candidate[]): Rows {
    const rows = new Uint16Array(2 * ROWS).fill(NO_CANDIDATE);
    const best = new Float64Array(ROWS);
    const next = new Float64Array(ROWS);
    candidates.forEach(({ node, weight }, index) => {
      const scores = this.#scoresOf(node ?? '');
      for (let row = 0; row < ROWS; row++) {
        const score = weight * scores[row]!;
        if (score > best[row]!) {
          next[row] = best[row]!;
          rows[2 * row + 1] = rows[2 * row]!;
          best[row] = score;
          rows[2 * row] = index;
        } else if (score > next[row]!) {
          next[row] = score;
          rows[2 * row + 1] = index;
        }
      }
    });
    return rows;
  }

  /** Computes what tables with these nodes will need: 1 to 3 ms a node, which a first table need not wait for. */
  prepare(nodes: Iterable<NodeName>): void {
    for (const node of nodes) this.#scoresOf(node);
  }

  #scoresOf(name: string): Float64Array {
    const scores = this.#scores.get(name) ?? this.#score(name);
    this.#scores.delete(name);
    this.#scores.set(name, scores);
    const [longestUnused] = this.#scores.keys();
    if (this.#scores.size > KEPT_NODES) this.#scores.delete(longestUnused!);
    return scores;
  }

  #score(name: string): Float64Array {
    const hash = hash32(name);
    return Float64Array.from(this.#keys, (key) => weightedRendezvousScore(key, hash, 1));
  }
}
