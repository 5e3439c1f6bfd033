import { join } from 'node:path';
import { BpfMap, unpin } from '@fairlead/linux';
import { decodeU32, encodeU32, Limit, TABLE_SIZE } from './layout.ts';
import type { Slabs } from './table-store.ts';

/**
 * Slabs of tables as array maps inside the map of maps `tables`, each pinned by its number so that a
 * restarted agent has them again.
 */
export class KernelSlabs implements Slabs, Disposable {
  readonly #tables: BpfMap;
  readonly #directory: string;
  readonly #slabs: BpfMap[] = [];

  /** @param directory where the slabs are pinned, in a bpffs */
  constructor(tables: BpfMap, directory: string) {
    this.#tables = tables;
    this.#directory = directory;
    for (;;) {
      const slab = BpfMap.openPinned(this.#path(this.count));
      if (slab === undefined) break;
      this.#slabs.push(slab);
    }
    this.#slabs.forEach((slab, number) => {
      // Pinned, but its agent died before it was put in place.
      const placed = tables.get(encodeU32(number));
      if (placed === undefined || decodeU32(placed) !== slab.id) this.#place(slab, number);
    });
  }

  get count(): number {
    return this.#slabs.length;
  }

  write(slot: number, rows: Uint8Array): void {
    const slab = this.#slabs[Math.floor(slot / Limit.tablesPerSlab)];
    if (slab === undefined) throw new RangeError(`slot ${slot} is in none of ${this.count} slabs`);
    slab.set(encodeU32(slot % Limit.tablesPerSlab), rows);
  }

  grow(): void {
    const slab = BpfMap.createArray({
      name: 'slab',
      valueSize: TABLE_SIZE,
      maxEntries: Limit.tablesPerSlab,
      mappable: false,
    });
    const path = this.#path(this.count);
    try {
      slab.pin(path);
      this.#place(slab, this.count);
    } catch (error) {
      unpin(path);
      slab[Symbol.dispose]();
      throw error;
    }
    this.#slabs.push(slab);
  }

  /**
   * The kernel ends each write to a map of maps with an RCU grace period, so that what it replaced is out of
   * use when the call returns (commit 1ae80cf31938, `bpf: wait for running BPF programs`).
   */
  settle(): void {
    const [first] = this.#slabs;
    if (first) this.#place(first, 0);
  }

  #place(slab: BpfMap, number: number): void {
    this.#tables.set(encodeU32(number), encodeU32(slab.fd));
  }

  #path(number: number): string {
    return join(this.#directory, `slab-${number}`);
  }

  [Symbol.dispose](): void {
    for (const slab of this.#slabs) slab[Symbol.dispose]();
  }
}
