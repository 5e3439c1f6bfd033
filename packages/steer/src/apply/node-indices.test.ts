import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { node } from '../testing/cluster.ts';
import { MemoryMap } from '../testing/memory-map.ts';
import { Limit, NodeIndex } from './layout.ts';
import { NodeIndices } from './node-indices.ts';

const nodes = (...names: string[]) => new Set(names.map(node));

describe('node indices', () => {
  it('outlive the agent', () => {
    const map = new MemoryMap();
    new NodeIndices(map, () => undefined).assign(nodes('b', 'a'));
    const next = new NodeIndices(map, () => undefined);
    next.assign(nodes('a', 'c', 'b'));
    assert.deepEqual(
      ['b', 'a', 'c'].map((name) => next.of(node(name))),
      [0, 1, 2],
    );
    assert.equal(next.of(node('d')), NodeIndex.none);
  });

  it('are told of before they mean another node', () => {
    const assigned: number[] = [];
    const indices = new NodeIndices(new MemoryMap(), (index) => assigned.push(index));
    indices.assign(nodes('a', 'b'));
    indices.assign(nodes('a', 'b', 'c'));
    assert.deepEqual(assigned, [0, 1, 2]);
  });

  it('rest before they mean another node, while there are others', () => {
    const indices = new NodeIndices(new MemoryMap(), () => undefined);
    indices.assign(nodes('a', 'b', 'c'));
    indices.retain(nodes('c'));
    indices.assign(nodes('c', 'd'));
    assert.equal(indices.of(node('d')), 3);
  });

  it('are refused when all are taken, and free again afterwards', () => {
    const indices = new NodeIndices(new MemoryMap(), () => undefined);
    const names = Array.from({ length: Limit.nodes + 2 }, (_, at) => `n${at}`);
    assert.deepEqual(indices.assign(nodes(...names)), names.slice(Limit.nodes));
    indices.retain(nodes(...names.slice(5)));
    assert.deepEqual(indices.assign(nodes(...names.slice(5))), []);
    assert.ok(indices.of(node(names.at(-1)!)) < 5);
  });

  it('never change while a node stays, and are never shared', () => {
    const set = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'));
    fc.assert(
      fc.property(fc.array(fc.record({ set, restart: fc.boolean() })), (steps) => {
        const map = new MemoryMap();
        let indices = new NodeIndices(map, () => undefined);
        let known = new Map<string, number>();
        for (const { set, restart } of steps) {
          if (restart) indices = new NodeIndices(map, () => undefined);
          indices.assign(nodes(...set));
          indices.retain(nodes(...set));
          const now = new Map<string, number>(indices.entries());
          assert.deepEqual([...now.keys()].toSorted(), set.toSorted());
          assert.equal(new Set(now.values()).size, now.size);
          for (const [name, index] of known) if (now.has(name)) assert.equal(now.get(name), index);
          known = now;
        }
      }),
    );
  });
});
