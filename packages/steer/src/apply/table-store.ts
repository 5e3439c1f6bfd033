import { createHash } from 'node:crypto';
import type { NodeName } from '@fairlead/cluster';
import { hasRoom, keyText, type ByteMap } from './byte-map.ts';
import { decodeU32, encodeRows, encodeU32, Limit } from './layout.ts';
import type { Candidate, SteerTable, TableKey } from '../plan.ts';
import { RowBuilder } from '../rows.ts';

/** Where tables lie: slabs of equal size, of which there may become more but never fewer. */
export interface Slabs {
  readonly count: number;
  /** Writes a whole table; `slot` counts through all slabs. */
  write(slot: number, rows: Uint8Array): void;
  /** Adds an empty slab, and settles. */
  grow(): void;
  /** Returns when no packet is under way any more that may have looked at a table before. */
  settle(): void;
}

/** Where the tables of a plan are. */
export interface PlacedTables {
  /** A table without room has none. */
  readonly slots: ReadonlyMap<TableKey, number>;
  /** What to retain. */
  readonly digests: ReadonlySet<string>;
}

/** Fewer resting slots than this are not worth a wait while slabs can still grow. */
const WORTH_SETTLING = 16;

/**
 * Tables in the kernel. One is written before an entry names it and never again while an entry, or a packet
 * under way, may: a packet meets a Service's old table or its new one, and either is whole.
 */
export class TableStore {
  readonly #index: ByteMap;
  readonly #slabs: Slabs;
  readonly #builder = new RowBuilder();
  /** Slots given up, which packets under way may still read. */
  readonly #resting = new Set<number>();

  /** @param index slots by digest of the content: what tells a restarted agent which tables are there */
  constructor(index: ByteMap, slabs: Slabs) {
    this.#index = index;
    this.#slabs = slabs;
    if (slabs.count === 0) slabs.grow();
    else slabs.settle();
  }

  /** Adds the tables that are missing. */
  place(tables: readonly SteerTable[], indexOf: (candidate: Candidate) => number): PlacedTables {
    const held = new Map(
      this.#index.entries().map(({ key, value }) => [keyText(key), decodeU32(value)]),
    );
    const slots = new Map<TableKey, number>();
    const digests = new Set<string>();
    const free = this.#freeSlots(new Set(held.values()));
    for (const { key, candidates } of tables) {
      const indices = candidates.map(indexOf);
      const digest = digestOf(key, indices);
      digests.add(keyText(digest));
      const present = held.get(keyText(digest));
      const slot = present ?? free.next().value;
      if (slot === undefined) continue;
      if (present === undefined) {
        this.#slabs.write(slot, encodeRows(this.#builder.build(candidates), indices));
        if (!hasRoom(() => this.#index.set(digest, encodeU32(slot)))) continue;
      }
      slots.set(key, slot);
    }
    return { slots, digests };
  }

  /** Gives up all other tables. No entry may name them any more. */
  retain(digests: ReadonlySet<string>): void {
    for (const { key, value } of this.#index.entries()) {
      if (digests.has(keyText(key))) continue;
      this.#index.delete(key);
      this.#resting.add(decodeU32(value));
    }
  }

  /** Gets ready for tables with these nodes, so that the first of them is quick. */
  prepare(nodes: Iterable<NodeName>): void {
    this.#builder.prepare(nodes);
  }

  *#freeSlots(used: Set<number>): Generator<number, undefined> {
    do {
      const end = this.#slabs.count * Limit.tablesPerSlab;
      for (let slot = 0; slot < end; slot++) {
        if (used.has(slot) || this.#resting.has(slot)) continue;
        used.add(slot);
        yield slot;
      }
    } while (this.#makeRoom());
    return undefined;
  }

  #makeRoom(): boolean {
    const mayGrow = this.#slabs.count < Limit.slabs;
    if (this.#resting.size >= (mayGrow ? WORTH_SETTLING : 1)) this.#slabs.settle();
    else if (!mayGrow || !hasRoom(() => this.#slabs.grow())) return false;
    this.#resting.clear();
    return true;
  }
}

/** The rows follow from the names and weights, which the key stands for, and from the nodes' indices. */
function digestOf(key: TableKey, indices: readonly number[]): Uint8Array {
  const hash = createHash('sha256').update(key).update(Uint16Array.from(indices));
  return hash.digest().subarray(0, 16);
}
