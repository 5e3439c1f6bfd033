import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import * as fc from 'fast-check';
import { openDescriptors, temporaryDirectory } from '../test-namespace.ts';
import { BpfMap } from './bpf-map.ts';
import { BpfObject } from './bpf-object.ts';
import { compileTestObject } from './test-object.ts';

const directory = temporaryDirectory();
const object = BpfObject.load(compileTestObject(directory.path, 'ingress'));
after(() => {
  object[Symbol.dispose]();
  directory[Symbol.dispose]();
});

const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);
const byBytes = (a: Uint8Array, b: Uint8Array): number => Buffer.compare(a, b);
const counters = object.map('counters_with_a_long_name');

function clear(map: BpfMap): void {
  for (const key of map.keys()) {
    map.delete(key);
  }
}

test('a hash map: set, get, replace, delete', () => {
  assert.equal(counters.get(u32(1)), undefined);
  counters.set(u32(1), u64(10n));
  counters.set(u32(1), u64(11n));
  counters.set(u32(2), u64(20n));
  assert.deepEqual(counters.get(u32(1)), u64(11n));
  assert.deepEqual(counters.keys().toSorted(byBytes), [u32(1), u32(2)]);
  assert.equal(counters.delete(u32(1)), true);
  assert.equal(counters.delete(u32(1)), false);
  assert.deepEqual(counters.entries(), [{ key: u32(2), value: u64(20n) }]);
  clear(counters);
});

test('a map does what a Map does', () => {
  const key = fc.nat(20);
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('set' as const),
      key,
      value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    }),
    fc.record({ kind: fc.constant('delete' as const), key, value: fc.constant(0n) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      clear(counters);
      const model = new Map<number, bigint>();
      for (const { kind, key, value } of steps) {
        if (kind === 'set') {
          counters.set(u32(key), u64(value));
          model.set(key, value);
        } else {
          assert.equal(counters.delete(u32(key)), model.delete(key));
        }
        assert.deepEqual(
          counters.get(u32(key)),
          model.has(key) ? u64(model.get(key) ?? 0n) : undefined,
        );
      }
      const read = counters
        .entries()
        .map(({ key, value }) => [
          new DataView(key.buffer).getUint32(0, true),
          new DataView(value.buffer).getBigUint64(0, true),
        ]);
      assert.deepEqual(new Map(read as [number, bigint][]), model);
      assert.equal(read.length, model.size);
    }),
    { numRuns: 50 },
  );
  clear(counters);
});

test('a full map: all its entries in one listing, and the error when there is no room', () => {
  for (let n = 0; n < counters.maxEntries; n += 1) {
    counters.set(u32(n), u64(BigInt(n)));
  }
  assert.throws(() => counters.set(u32(5000), u64(0n)), {
    errno: 'E2BIG',
    message: /update in map counters_with_a_long_name/,
  });
  const visited = new Set<bigint>();
  counters.visit((key, value) => {
    visited.add(Buffer.from(value.slice()).readBigUInt64LE());
    counters.set(key.slice(), value.slice());
  });
  assert.equal(visited.size, 1024);
  const numbers = counters
    .entries()
    .map(({ value }) => Number(new DataView(value.buffer).getBigUint64(0, true)));
  assert.deepEqual(
    numbers.toSorted((a, b) => a - b),
    Array.from({ length: 1024 }, (_, n) => n),
  );
  assert.equal(counters.keys().length, 1024);
  clear(counters);
  assert.deepEqual(counters.entries(), []);
});

test('a larger map than one call of the kernel lists', () => {
  using map = BpfMap.createArray({
    name: 'long',
    valueSize: 8,
    maxEntries: 50_000,
    mappable: false,
  });
  map.set(u32(49_999), u64(7n));
  const entries = map.entries();
  assert.equal(entries.length, 50_000);
  assert.deepEqual(entries.at(-1), { key: u32(49_999), value: u64(7n) });
  const sums = { visits: 0, values: 0n };
  map.visit((_, value) => {
    sums.visits += 1;
    sums.values += Buffer.from(value.slice()).readBigUInt64LE();
  });
  assert.deepEqual(sums, { visits: 50_000, values: 7n });
});

test('a prefix trie lists its entries too', () => {
  const prefixes = object.map('prefixes');
  const key = (length: number, address: string): Uint8Array =>
    Uint8Array.from([...u32(length), ...Uint8Array.fromHex(address)]);
  const wanted = [key(8, '0a000000'), key(24, '0a010200'), key(0, '00000000')];
  for (const [index, prefix] of wanted.entries()) {
    prefixes.set(prefix, u32(index));
  }
  assert.deepEqual(prefixes.get(key(32, '0a010203')), u32(1));
  assert.deepEqual(
    prefixes
      .entries()
      .map((entry) => entry.key)
      .toSorted(byBytes),
    wanted.toSorted(byBytes),
  );
  clear(prefixes);
});

test('sizes are checked before the kernel reads or writes beyond a buffer', () => {
  for (const key of [new Uint8Array(0), new Uint8Array(3), new Uint8Array(8)]) {
    const message = `map counters_with_a_long_name: key has ${key.length} bytes, not 4`;
    assert.throws(() => counters.get(key), new RangeError(message));
    assert.throws(() => counters.set(key, u64(0n)), new RangeError(message));
    assert.throws(() => counters.delete(key), new RangeError(message));
  }
  assert.throws(
    () => counters.set(u32(0), u32(0)),
    new RangeError('map counters_with_a_long_name: value has 4 bytes, not 8'),
  );
  assert.deepEqual(counters.entries(), []);
});

test('the mapped memory of an array is what the kernel sees, until it is closed', () => {
  const map = BpfMap.createArray({ name: 'deadlines', valueSize: 4, maxEntries: 3000 });
  assert.equal(map.stride, 8);
  const words = new Uint32Array(map.mmap());
  assert.equal(map.mmap(), map.mmap());
  Atomics.store(words, (2999 * map.stride) / 4, 0xdead);
  assert.deepEqual(map.get(u32(2999)), u32(0xdead));
  map.set(u32(1), u32(42));
  assert.equal(Atomics.load(words, map.stride / 4), 42);
  map[Symbol.dispose]();
  assert.equal(words.length, 0);
  assert.throws(() => Atomics.load(words, 0), /detached|Invalid atomic access/);
});

test('a map without that flag cannot be mapped, and says so', () => {
  assert.throws(() => counters.mmap(), { message: /map counters_with_a_long_name/ });
});

test('a per-CPU map has one value for each possible CPU', () => {
  const map = object.map('per_cpu');
  assert.equal(map.declaredValueSize, 4);
  assert.equal(map.valueSize % 8, 0);
  const values = new Uint8Array(map.valueSize);
  new DataView(values.buffer).setUint32(map.valueSize - 8, 99, true);
  map.set(u32(1), values);
  assert.deepEqual(map.get(u32(1)), values);
  assert.equal(map.entries().length, 2);
});

test('a table of any length can be put into a map of maps, and replaced', () => {
  const tables = object.map('tables');
  for (const maxEntries of [1, 16, 4096]) {
    using table = BpfMap.createArray({ name: 'table', valueSize: 4, maxEntries, inner: true });
    tables.set(u32(7), u32(table.fd));
    assert.deepEqual(tables.get(u32(7)), u32(table.id), 'reading gives the id, not the descriptor');
  }
  using wrong = BpfMap.createArray({ name: 'table', valueSize: 8, maxEntries: 1, inner: true });
  assert.throws(() => tables.set(u32(7), u32(wrong.fd)), { errno: 'EINVAL' });
  assert.equal(tables.entries().length, 1);
  tables.delete(u32(7));
});

test('a map that shrinks while it is listed', () => {
  for (let n = 0; n < 500; n += 1) {
    counters.set(u32(n), u64(0n));
  }
  const listed = counters.keys();
  assert.equal(listed.length, 500);
  for (const key of listed.slice(0, 250)) {
    counters.delete(key);
  }
  assert.equal(counters.keys().length, 250);
  clear(counters);
});

test('no descriptor or mapping is left behind', () => {
  const before = openDescriptors();
  for (let round = 0; round < 1000; round += 1) {
    using map = BpfMap.createArray({ name: 'short', valueSize: 8, maxEntries: 4 });
    map.mmap();
  }
  assert.equal(openDescriptors(), before);
});
