import type { NodeName } from '@fairlead/cluster';
import type { ByteMap } from './byte-map.ts';
import {
  decodeNodeName,
  decodeU32,
  encodeNodeName,
  encodeU32,
  Limit,
  NodeIndex,
} from './layout.ts';

/**
 * The number by which rows and peers name a node. It is kept in the kernel beside them, so that it outlives
 * the agent as they do.
 */
export class NodeIndices {
  readonly #map: ByteMap;
  readonly #byName = new Map<NodeName, number>();
  readonly #onAssigned: (index: number) => void;

  /** @param onAssigned told of each index that begins to mean a node, before it is used */
  constructor(map: ByteMap, onAssigned: (index: number) => void) {
    this.#map = map;
    this.#onAssigned = onAssigned;
    for (const { key, value } of map.entries()) {
      this.#byName.set(decodeNodeName(value) as NodeName, decodeU32(key));
    }
  }

  /** Names with their indices. */
  entries(): Iterable<[NodeName, number]> {
    return this.#byName.entries();
  }

  /** The node's index; `NodeIndex.none` where it has none. */
  of(name: NodeName): number {
    return this.#byName.get(name) ?? NodeIndex.none;
  }

  /**
   * Gives indices to names that have none.
   * @returns names for which none is left
   */
  assign(names: Iterable<NodeName>): readonly NodeName[] {
    const refused: NodeName[] = [];
    for (const name of new Set(names)) {
      if (this.#byName.has(name)) continue;
      const index = this.#unused();
      if (index === undefined) {
        refused.push(name);
        continue;
      }
      this.#onAssigned(index);
      this.#map.set(encodeU32(index), encodeNodeName(name));
      this.#byName.set(name, index);
    }
    return refused;
  }

  /** Takes the indices of all other names back. Nothing in the kernel may name these any more. */
  retain(names: ReadonlySet<NodeName>): void {
    for (const [name, index] of this.#byName) {
      if (names.has(name)) continue;
      this.#map.delete(encodeU32(index));
      this.#byName.delete(name);
    }
  }

  /** Above all others while there is room there, so that an index rests before it means another node. */
  #unused(): number | undefined {
    const used = new Set(this.#byName.values());
    const above = Math.max(-1, ...used) + 1;
    if (above < Limit.nodes) return above;
    for (let index = 0; index < Limit.nodes; index++) if (!used.has(index)) return index;
    return undefined;
  }
}
