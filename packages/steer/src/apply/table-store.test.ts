import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { tableKey } from '../candidates.ts';
import type { Candidate, SteerTable } from '../plan.ts';
import { node } from '../testing/cluster.ts';
import { MemoryMap } from '../testing/memory-map.ts';
import { decodeU32, Limit } from './layout.ts';
import { TableStore, type Slabs } from './table-store.ts';

class MemorySlabs implements Slabs {
  count = 0;
  settled = 0;
  readonly most: number;
  readonly written = new Map<number, Uint8Array>();

  constructor(most: number = Limit.slabs) {
    this.most = most;
  }

  write(slot: number, rows: Uint8Array): void {
    assert.ok(slot < this.count * Limit.tablesPerSlab);
    this.written.set(slot, rows);
  }

  grow(): void {
    this.count++;
    this.settled++;
  }

  settle(): void {
    this.settled++;
  }
}

/** A table of two nodes that differs by the weight. */
function table(weight: number): SteerTable {
  const candidates: Candidate[] = [
    { node: node('a'), weight },
    { node: node('b'), weight: 1 },
  ];
  return { key: tableKey(candidates), candidates };
}

const indexOf = ({ node }: Candidate) => (node === 'a' ? 0 : 1);

describe('tables in the kernel', () => {
  let index: MemoryMap;
  let slabs: MemorySlabs;
  let store: TableStore;
  beforeEach(() => {
    index = new MemoryMap();
    slabs = new MemorySlabs();
    store = new TableStore(index, slabs);
  });

  /** Makes the store hold exactly these. */
  function hold(...tables: readonly SteerTable[]) {
    const placed = store.place(tables, indexOf);
    store.retain(placed.digests);
    return placed.slots;
  }

  it('are written once', () => {
    const first = hold(table(1), table(2));
    assert.equal(slabs.written.size, 2);
    slabs.written.clear();
    index.takeLog();
    assert.deepEqual(hold(table(1), table(2)), first);
    assert.deepEqual([slabs.written.size, index.takeLog()], [0, []]);
  });

  it('are there before the index says so', () => {
    const set = index.set.bind(index);
    index.set = (key, value) => {
      assert.ok(slabs.written.has(decodeU32(value)));
      set(key, value);
    };
    hold(table(1), table(2));
  });

  it('are found again by the next agent', () => {
    const slots = hold(table(1), table(2));
    store = new TableStore(index, slabs);
    slabs.written.clear();
    assert.deepEqual(hold(table(2), table(1)).get(table(1).key), slots.get(table(1).key));
    assert.equal(slabs.written.size, 0);
  });

  it('are written anew where a node has another index', () => {
    const { slots } = store.place([table(1)], indexOf);
    const other = store.place([table(1)], (candidate) => 5 - indexOf(candidate));
    assert.notEqual(other.slots.get(table(1).key), slots.get(table(1).key));
  });

  it('do not take a slot that was just given up, until packets under way are done', () => {
    const [before] = hold(table(1)).values();
    for (let weight = 2; weight < 40; weight++) {
      const [slot] = hold(table(weight)).values();
      assert.notEqual(slot, before);
    }
    assert.equal(slabs.settled, 1, 'only when the slab was made');
    for (let weight = 40; weight < 200; weight++) hold(table(weight));
    assert.equal(slabs.count, 1);
    assert.ok(slabs.settled >= 3 && slabs.settled < 6, `settled ${slabs.settled} times`);
  });

  it('get another slab where all slots are in use', () => {
    const tables = Array.from({ length: 70 }, (_, weight) => table(weight + 1));
    assert.equal(new Set(hold(...tables).values()).size, 70);
    assert.equal(slabs.count, 2);
  });

  it('have no slot where the kernel has no more room', () => {
    store = new TableStore(index, slabs);
    slabs.count = Limit.slabs;
    const many = Limit.slabs * Limit.tablesPerSlab;
    for (let slot = 1; slot < many; slot++) {
      const digest = new Uint8Array(16);
      new DataView(digest.buffer).setUint32(0, slot);
      index.set(digest, Uint8Array.of(slot, slot >> 8, slot >> 16, 0));
    }
    const { slots } = store.place([table(1), table(2)], indexOf);
    assert.deepEqual([...slots], [[table(1).key, 0]]);
  });

  it('never share a slot, nor lose one, whatever comes and goes', () => {
    const weights = fc.uniqueArray(fc.integer({ min: 1, max: 150 }), { maxLength: 90 });
    fc.assert(
      fc.property(fc.array(weights, { maxLength: 6 }), (steps) => {
        index = new MemoryMap();
        slabs = new MemorySlabs();
        store = new TableStore(index, slabs);
        store.prepare([node('a'), node('b')]);
        for (const step of steps) {
          const slots = hold(...step.map(table));
          assert.equal(slots.size, step.length);
          assert.equal(new Set(slots.values()).size, step.length);
          assert.equal(index.entries().length, step.length);
        }
        assert.ok(slabs.count <= 4);
      }),
      { numRuns: 5 },
    );
  });
});
