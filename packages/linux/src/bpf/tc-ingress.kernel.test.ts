import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  indexOf,
  openDescriptors,
  shell,
  temporaryBpffs,
  temporaryDirectory,
} from '../test-namespace.ts';
import { BpfMap } from './bpf-map.ts';
import { BpfObject } from './bpf-object.ts';
import {
  attachTcIngress,
  detachTcIngress,
  listTcIngress,
  tcIngressMode,
  tcIngressState,
} from './tc-ingress.ts';
import { compileTestObject } from './test-object.ts';

const loopback = 1;
const attachScript = fileURLToPath(import.meta.resolve('../testdata/attach.ts'));
const sendScript = fileURLToPath(import.meta.resolve('../testdata/send.ts'));
const objects = temporaryDirectory();
const file = compileTestObject(objects.path, 'ingress');
after(() => objects[Symbol.dispose]());

const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

before(() => shell('ip link set lo up'));

afterEach(() => {
  for (const name of ['count_ingress', 'emit_records']) {
    detachTcIngress(loopback, name);
  }
  assert.deepEqual(listTcIngress(loopback), []);
});

/** How many packets were counted under a key. */
function counted(map: BpfMap | undefined, key: number): number {
  const value = map?.get(u32(key));
  return value === undefined ? 0 : Number(new DataView(value.buffer).getBigUint64(0, true));
}

/** Sends datagrams to loopback; nobody answers. Returns how many left. */
function send(count: number): number {
  return Number(execFileSync(process.execPath, [sendScript, `${count}`], { encoding: 'utf8' }));
}

function loadCountingAs(key: number, pinDirectory: string): BpfObject {
  return BpfObject.load(file, { pinDirectory, constants: { counted_as: u32(key) } });
}

test('nothing is attached at an interface that is gone', () => {
  assert.equal(tcIngressState(4_000_000), '');
});

test('this kernel has TCX', () => {
  assert.equal(tcIngressMode(), 'tcx');
});

for (const mode of ['tcx', 'clsact'] as const) {
  test(`${mode}: attached, replaced and detached are different states, the same again is the same`, () => {
    using bpffs = temporaryBpffs();
    using object = BpfObject.load(file);
    const program = object.program('count_ingress');
    const before = tcIngressState(loopback);
    attachTcIngress(loopback, program, join(bpffs.path, 'link'), { mode });
    const attached = tcIngressState(loopback);
    attachTcIngress(loopback, program, join(bpffs.path, 'link'), { mode });
    assert.equal(tcIngressState(loopback), attached);
    using another = BpfObject.load(file);
    const replacement = another.program('count_ingress');
    attachTcIngress(loopback, replacement, join(bpffs.path, 'link'), { mode });
    const replaced = tcIngressState(loopback);
    assert.equal(new Set([before, attached, replaced]).size, 3);
    detachTcIngress(loopback, 'count_ingress');
    assert.equal(tcIngressState(loopback), before);
  });

  test(`${mode}: a program is attached, found, and detached`, () => {
    using bpffs = temporaryBpffs();
    using object = BpfObject.load(file);
    const program = object.program('count_ingress');
    const pinPath = join(bpffs.path, 'link');
    const attachment = attachTcIngress(loopback, program, pinPath, { mode });
    assert.deepEqual(attachment, { mode, interfaceIndex: loopback, programId: program.id });
    const [found, ...others] = listTcIngress(loopback);
    assert.deepEqual(
      [found?.mode, found?.programName, found?.programId],
      [mode, 'count_ingress', program.id],
    );
    assert.deepEqual(others, []);
    assert.equal(existsSync(pinPath), mode === 'tcx');
    assert.equal(send(10), 10);
    assert.equal(counted(object.map('counters_with_a_long_name'), 1), 10);

    assert.equal(detachTcIngress(loopback, 'emit_records'), 0);
    assert.equal(detachTcIngress(loopback, 'count_ingress'), 1);
    assert.equal(detachTcIngress(loopback, 'count_ingress'), 0);
    send(10);
    assert.equal(counted(object.map('counters_with_a_long_name'), 1), 10);
    // What is left of the pin is no hindrance.
    attachTcIngress(loopback, program, pinPath, { mode });
    send(1);
    assert.equal(counted(object.map('counters_with_a_long_name'), 1), 11);
  });

  test(`${mode}: replacing a program leaves no packet between the old and the new one`, async () => {
    using bpffs = temporaryBpffs();
    const maps = join(bpffs.path, 'maps');
    const pinPath = join(bpffs.path, 'link');
    using versions = new DisposableStack();
    const [odd, even] = [1, 2].map((key) => versions.use(loadCountingAs(key, maps)));
    assert.ok(odd && even);
    attachTcIngress(loopback, odd.program('count_ingress'), pinPath, { mode });
    const sender = spawn(process.execPath, [sendScript, '40000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const output = text(sender.stdout);
    let replaced = 0;
    while (sender.exitCode === null) {
      for (const version of [even, odd]) {
        attachTcIngress(loopback, version.program('count_ingress'), pinPath, { mode });
        replaced += 1;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    const sent = Number(await output);
    assert.equal(sent, 40_000);
    const counters = odd.map('counters_with_a_long_name');
    assert.ok(replaced > 20 && counted(counters, 1) > 0 && counted(counters, 2) > 0);
    assert.equal(counted(counters, 1) + counted(counters, 2), sent);
    assert.equal(listTcIngress(loopback).length, 1);
  });

  test(`${mode}: a program goes on when the process that attached it is killed, and its successor takes it over`, () => {
    using bpffs = temporaryBpffs();
    const { signal } = spawnSync(process.execPath, [attachScript, file, bpffs.path, mode], {
      stdio: 'inherit',
    });
    assert.equal(signal, 'SIGKILL');
    using counters = BpfMap.openPinned(join(bpffs.path, 'maps', 'counters_with_a_long_name'));
    send(10);
    assert.equal(counted(counters, 1), 10);

    using successor = loadCountingAs(2, join(bpffs.path, 'maps'));
    attachTcIngress(loopback, successor.program('count_ingress'), join(bpffs.path, 'link'), {
      mode,
    });
    send(5);
    assert.deepEqual([counted(counters, 1), counted(counters, 2)], [10, 5]);
    assert.equal(listTcIngress(loopback).length, 1);
  });
}

test('a program changes from one way of attaching to the other without being there twice', () => {
  using bpffs = temporaryBpffs();
  using object = BpfObject.load(file);
  const program = object.program('count_ingress');
  for (const mode of ['clsact', 'tcx', 'clsact', 'tcx'] as const) {
    attachTcIngress(loopback, program, join(bpffs.path, 'link'), { mode });
    assert.deepEqual(
      listTcIngress(loopback).map((found) => found.mode),
      [mode],
    );
  }
});

test('the order of programs: TCX first or last, clsact by priority, TCX before clsact', () => {
  using bpffs = temporaryBpffs();
  using object = BpfObject.load(file);
  const count = object.program('count_ingress');
  const emit = object.program('emit_records');
  const names = (): string[] => listTcIngress(loopback).map(({ programName }) => programName);
  attachTcIngress(loopback, count, join(bpffs.path, 'count'), { mode: 'tcx' });
  attachTcIngress(loopback, emit, join(bpffs.path, 'emit'), { mode: 'tcx' });
  assert.deepEqual(names(), ['emit_records', 'count_ingress']);
  detachTcIngress(loopback, 'emit_records');
  attachTcIngress(loopback, emit, join(bpffs.path, 'emit'), { mode: 'tcx', position: 'last' });
  assert.deepEqual(names(), ['count_ingress', 'emit_records']);
  attachTcIngress(loopback, count, join(bpffs.path, 'count'), { mode: 'clsact', priority: 5 });
  assert.deepEqual(names(), ['emit_records', 'count_ingress']);
  attachTcIngress(loopback, emit, join(bpffs.path, 'emit'), { mode: 'clsact', priority: 4 });
  assert.deepEqual(names(), ['emit_records', 'count_ingress']);
});

test('a link whose interface is gone is replaced by one on its successor', () => {
  using bpffs = temporaryBpffs();
  using object = BpfObject.load(file);
  const program = object.program('count_ingress');
  const pinPath = join(bpffs.path, 'link');
  for (let round = 0; round < 3; round += 1) {
    shell('ip link add veth0 type veth peer name veth1');
    attachTcIngress(indexOf('veth0'), program, pinPath);
    assert.equal(listTcIngress(indexOf('veth0')).length, 1);
    shell('ip link delete veth0');
  }
});

test('an interface that is not there is an error that names program and interface', () => {
  using bpffs = temporaryBpffs();
  using object = BpfObject.load(file);
  const program = object.program('count_ingress');
  const pinPath = join(bpffs.path, 'link');
  assert.throws(() => attachTcIngress(9999, program, pinPath, { mode: 'tcx' }), {
    errno: 'ENODEV',
    message: /attach count_ingress to interface 9999/,
  });
  assert.throws(() => attachTcIngress(9999, program, pinPath, { mode: 'clsact' }), {
    errno: 'ENODEV',
  });
  assert.ok(!existsSync(pinPath));
  assert.deepEqual(listTcIngress(9999), []);
});

test("another's filters are listed and left alone", () => {
  using bpffs = temporaryBpffs();
  using object = BpfObject.load(file);
  shell(`tc qdisc replace dev lo clsact
    tc filter add dev lo ingress prio 2 protocol ip u32 match u32 0 0 flowid 1:1`);
  attachTcIngress(loopback, object.program('count_ingress'), join(bpffs.path, 'link'), {
    mode: 'clsact',
    priority: 3,
  });
  assert.ok(listTcIngress(loopback).some(({ programName }) => programName === 'count_ingress'));
  assert.equal(detachTcIngress(loopback, 'count_ingress'), 1);
  assert.match(shell('tc filter show dev lo ingress'), /u32/);
  shell('tc qdisc del dev lo clsact');
});

test('no descriptor is left behind', () => {
  using bpffs = temporaryBpffs();
  using object = BpfObject.load(file);
  const program = object.program('count_ingress');
  const round = (): void => {
    for (const mode of ['tcx', 'clsact'] as const) {
      attachTcIngress(loopback, program, join(bpffs.path, 'link'), { mode });
      attachTcIngress(loopback, program, join(bpffs.path, 'link'), { mode });
    }
    detachTcIngress(loopback, 'count_ingress');
  };
  round();
  const before = openDescriptors();
  for (let count = 0; count < 20; count += 1) {
    round();
  }
  assert.equal(openDescriptors(), before);
});
