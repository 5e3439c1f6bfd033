import type { ByteMap } from './byte-map.ts';
import { decodeDiverted } from './layout.ts';

/** How long flows that a silent node should have had are followed after it is back. */
const REMEMBERED_MS = 3_600_000;

/** Flows that were opened while their node was suspect, and so are with another. */
export class Diversions {
  readonly #map: ByteMap;
  readonly #nowMs: () => number;
  /** When a node was first seen to be back, by its index. */
  readonly #backSince = new Map<number, number>();

  /** @param nowMs a clock that does not jump */
  constructor(map: ByteMap, nowMs: () => number) {
    this.#map = map;
    this.#nowMs = nowMs;
  }

  /** Whether a node's flows need no longer be followed, given whether it is suspect. */
  expired(index: number, suspect: boolean): boolean {
    if (suspect) {
      this.#backSince.delete(index);
      return false;
    }
    const now = this.#nowMs();
    const since = this.#backSince.get(index) ?? now;
    this.#backSince.set(index, since);
    return now - since >= REMEMBERED_MS;
  }

  /** Forgets flows from or to a node. */
  forget(index: number): void {
    this.#backSince.delete(index);
    for (const { key, value } of this.#map.entries()) {
      const { from, to } = decodeDiverted(value);
      if (from === index || to === index) this.#map.delete(key);
    }
  }
}
