import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDescriptors, temporaryBpffs, temporaryDirectory } from '../test-namespace.ts';
import { BpfLoadError, PinnedMapMismatch } from './bpf-errors.ts';
import { BpfMap } from './bpf-map.ts';
import { BpfObject } from './bpf-object.ts';
import { mountBpffs, unmountBpffs } from './bpffs.ts';
import { compileTestObject } from './test-object.ts';

const objects = temporaryDirectory();
after(() => objects[Symbol.dispose]());
const ingress = compileTestObject(objects.path, 'ingress');
const rejected = compileTestObject(objects.path, 'rejected');

const longName = 'counters_with_a_long_name';
const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(value).buffer);

test('an object file is loaded, its maps and programs are there by name', () => {
  using object = BpfObject.load(ingress);
  const { name, type, keySize, valueSize, maxEntries } = object.map(longName);
  assert.deepEqual(
    { name, type, keySize, valueSize, maxEntries },
    {
      name: longName,
      type: 1,
      keySize: 4,
      valueSize: 8,
      maxEntries: 1024,
    },
  );
  assert.equal(object.program('count_ingress').name, 'count_ingress');
  assert.ok(object.program('count_ingress').id > 0);
  assert.throws(() => object.map('nothing'), /ingress\.bpf\.o has no map nothing, only .*words/);
  assert.throws(
    () => object.program('nothing'),
    /has no program nothing, only count_ingress, emit_records/,
  );
});

test('without a directory nothing is pinned, whatever the C source says', () => {
  BpfObject.load(ingress)[Symbol.dispose]();
  assert.ok(!existsSync(`/sys/fs/bpf/${longName}`));
});

test('sizes and constants of our own', () => {
  const constants = { counted_as: u32(9), flags: Uint8Array.of(4, 5, 6) };
  using object = BpfObject.load(ingress, { maxEntries: { [longName]: 77 }, constants });
  assert.equal(object.map(longName).maxEntries, 77);
  const rodata = object.map('ingress.rodata').get(u32(0));
  assert.ok(rodata);
  assert.ok(Buffer.from(rodata).includes(Uint8Array.of(4, 5, 6)));
  assert.ok(Buffer.from(rodata).includes(u32(9)));

  assert.throws(() => BpfObject.load(ingress, { maxEntries: { nothing: 1 } }), /no map nothing/);
  assert.throws(
    () => BpfObject.load(ingress, { constants: { nothing: u32(1) } }),
    /no constant nothing/,
  );
  assert.throws(
    () => BpfObject.load(ingress, { constants: { flags: u32(1) } }),
    /constant flags has 3 bytes, not 4/,
  );
});

test('maps in a directory are found again with what is in them', () => {
  using bpffs = temporaryBpffs();
  const pinDirectory = join(bpffs.path, 'maps');
  const first = BpfObject.load(ingress, { pinDirectory });
  first.map(longName).set(u32(5), u64(55n));
  const { id } = first.map(longName);
  first[Symbol.dispose]();
  assert.deepEqual(readdirSync(pinDirectory).toSorted(), [
    longName,
    'events',
    'per_cpu',
    'prefixes',
    'tables',
    'words',
  ]);

  using second = BpfObject.load(ingress, { pinDirectory });
  assert.equal(second.map(longName).id, id);
  assert.deepEqual(second.map(longName).get(u32(5)), u64(55n));
  using direct = BpfMap.openPinned(join(pinDirectory, longName));
  assert.deepEqual(direct?.get(u32(5)), u64(55n));
  assert.equal(direct?.name, longName);
  assert.equal(BpfMap.openPinned(join(pinDirectory, 'nothing')), undefined);
});

test('a pinned map of another size is an error of its own kind, and nothing is changed', () => {
  using bpffs = temporaryBpffs();
  const pinDirectory = bpffs.path;
  BpfObject.load(ingress, { pinDirectory })[Symbol.dispose]();
  using before = BpfMap.openPinned(join(pinDirectory, longName));
  const load = (): BpfObject =>
    BpfObject.load(ingress, { pinDirectory, maxEntries: { [longName]: 2048 } });
  assert.throws(load, (error) => {
    assert.ok(error instanceof PinnedMapMismatch);
    assert.deepEqual(
      [error.path, error.field, error.pinned, error.wanted],
      [join(pinDirectory, longName), 'max entries', 1024, 2048],
    );
    return true;
  });
  using after = BpfMap.openPinned(join(pinDirectory, longName));
  assert.equal(after?.id, before?.id);
});

test('what the verifier refuses is shown with its last words, and nothing is printed', () => {
  const script = fileURLToPath(import.meta.resolve('../testdata/load.ts'));
  const { stdout, stderr } = spawnSync(process.execPath, [script, rejected], { encoding: 'utf8' });
  assert.deepEqual([stdout, stderr], ['BpfLoadError\n', '']);
  assert.throws(
    () => BpfObject.load(rejected),
    (error) => {
      assert.ok(error instanceof BpfLoadError);
      assert.equal(error.program, 'unchecked_access');
      assert.match(error.message, /invalid mem access|invalid access to packet|R\d .*inv/);
      assert.match(error.verifierLog, /processed \d+ insns/);
      return true;
    },
  );
  assert.throws(
    () => BpfObject.load('/nonexistent.bpf.o'),
    (error) => {
      assert.ok(error instanceof BpfLoadError);
      assert.match(error.message, /nonexistent\.bpf\.o.*No such file/s);
      return true;
    },
  );
});

test('no descriptor is left behind, by loading or failing to load', () => {
  using bpffs = temporaryBpffs();
  const round = (): void => {
    BpfObject.load(ingress, { pinDirectory: bpffs.path })[Symbol.dispose]();
    assert.throws(() => BpfObject.load(rejected));
    assert.throws(() =>
      BpfObject.load(ingress, { pinDirectory: bpffs.path, maxEntries: { words: 9 } }),
    );
  };
  round();
  const before = openDescriptors();
  for (let count = 0; count < 20; count += 1) {
    round();
  }
  assert.equal(openDescriptors(), before);
});

test('what is closed is not used', () => {
  const object = BpfObject.load(ingress);
  const map = object.map('words');
  const program = object.program('count_ingress');
  object[Symbol.dispose]();
  object[Symbol.dispose]();
  assert.throws(() => map.get(u32(0)), /map words is closed/);
  assert.throws(() => map.fd, /is closed/);
  assert.throws(() => program.fd, /program count_ingress is closed/);
});

test('a bpffs of our own: mounted once, however often it is asked for', () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, 'state', 'bpf');
  mountBpffs(path);
  mountBpffs(path);
  assert.equal(unmountBpffs(path), true);
  assert.equal(unmountBpffs(path), false);
  assert.equal(unmountBpffs(join(path, 'nothing')), false);
});
