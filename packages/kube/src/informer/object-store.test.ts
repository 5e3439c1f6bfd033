import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { objectKey } from '../object-key.ts';
import { ObjectStore } from './object-store.ts';

interface Item {
  readonly node: string;
  readonly zones: readonly string[];
}

const make = (): ObjectStore<Item, 'node' | 'zone'> =>
  new ObjectStore<Item, 'node' | 'zone'>({
    node: ({ node }) => [node],
    zone: ({ zones }) => zones,
  });

test('an equal item is no change', () => {
  const store = make();
  const key = objectKey({ name: 'a' });
  assert.equal(store.set(key, { node: 'n', zones: ['z'] }), true);
  assert.equal(store.set(key, { node: 'n', zones: ['z'] }), false);
  assert.equal(store.set(key, { node: 'n', zones: [] }), true);
  assert.equal(store.delete(key), true);
  assert.equal(store.delete(key), false);
});

test('an index that throws leaves everything as it was', () => {
  const key = objectKey({ name: 'a' });
  const store = new ObjectStore<{ readonly bad: boolean }, 'i'>({
    i: ({ bad }) => {
      if (bad) throw new Error('bad');
      return ['v'];
    },
  });
  store.set(key, { bad: false });
  assert.throws(() => store.set(key, { bad: true }), /bad/u);
  assert.deepEqual([store.get(key), store.keysBy('i', 'v')], [{ bad: false }, [key]]);
});

test('indexes find what a look at every item finds', () => {
  const letter = fc.constantFrom('a', 'b', 'c');
  const step = fc.record({
    name: letter,
    item: fc.option(fc.record({ node: letter, zones: fc.array(letter, { maxLength: 3 }) })),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const store = make();
      const model = new Map<string, Item>();
      for (const { name, item } of steps) {
        const key = objectKey({ name });
        if (item === null) {
          assert.equal(store.delete(key), model.delete(name));
        } else {
          store.set(key, item);
          model.set(name, item);
        }
        assert.deepEqual(new Map(store.entries()), model);
        for (const value of ['a', 'b', 'c']) {
          const by = (matches: (item: Item) => boolean): string[] =>
            [...model].filter(([, entry]) => matches(entry)).map(([found]) => found);
          assert.deepEqual(
            [...store.keysBy('node', value)].sort(),
            by(({ node }) => node === value).sort(),
          );
          assert.deepEqual(
            [...store.keysBy('zone', value)].sort(),
            by(({ zones }) => zones.includes(value)).sort(),
          );
        }
      }
    }),
  );
});
