import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  announcement,
  cluster,
  node,
  address,
  pool,
  service,
  slice,
} from '../../conformance/sample-objects.ts';
import { readClusterText } from '../file/read-cluster-text.ts';
import { Secret } from '../secret.ts';
import { isSameKnowledge, type SourceUpdate } from '../source.ts';
import { decodeLastState, encodeLastState } from './last-state-format.ts';
import { loadLastState, saveLastState } from './last-state.ts';

const key = (byte: number) => new Secret(new Uint8Array(16).fill(byte));

function sampleUpdate(): SourceUpdate & { readonly state: object } {
  const items = [
    cluster(),
    pool('lan', ['192.0.2.0/28', '2001:db8::/112']),
    announcement('front', { pools: ['lan'] }),
    node('node-1', [address('192.0.2.200')]),
    ...Array.from({ length: 250 }, (_, index) => service(`more-${index}`)),
    service('web', { loadBalancerSourceRanges: ['198.51.100.0/24'] }),
    slice('web-1', 'web', [{ port: 8080 }], [{ addresses: ['10.244.1.5'], nodeName: 'node-1' }]),
  ];
  const read = readClusterText(JSON.stringify({ kind: 'List', items }));
  assert.ok(read.ok);
  return { state: read.state, keys: [key(1), key(2)], problems: [] };
}

function encoded(): Buffer {
  return Buffer.concat([...encodeLastState(sampleUpdate())]);
}

async function inDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'fairlead-last-'));
  try {
    await body(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe('the last known state', () => {
  it('is what was saved, keys included', () =>
    inDirectory(async (parent) => {
      const directory = join(parent, 'made', 'on', 'demand');
      const update = sampleUpdate();
      await saveLastState(directory, { ...update, keys: [key(7)] });
      await saveLastState(directory, update);
      const loaded = await loadLastState(directory);
      assert.deepEqual(loaded.state, update.state);
      assert.deepEqual(
        loaded.keys.map((one) => one.reveal().toHex()),
        ['01'.repeat(16), '02'.repeat(16)],
      );
      assert.deepEqual(loaded.problems, []);
    }));

  it('can be read by root only, whatever was there before, and leaves nothing beside it', () =>
    inDirectory(async (directory) => {
      for (const name of ['last-state', 'last-state.new']) {
        await writeFile(join(directory, name), 'left behind', { mode: 0o666 });
      }
      await saveLastState(directory, sampleUpdate());
      assert.deepEqual(await readdir(directory), ['last-state']);
      const { mode } = await stat(join(directory, 'last-state'));
      assert.equal(mode & 0o777, 0o600);
    }));

  it('is nothing where nothing was saved, without that being a problem', () =>
    inDirectory(async (directory) => {
      const nothing = { state: undefined, keys: [], problems: [] };
      assert.deepEqual(await loadLastState(directory), nothing);
      await saveLastState(directory, nothing);
      assert.deepEqual(await readdir(directory), []);
    }));

  it('stays what it was after an update without a state', () =>
    inDirectory(async (directory) => {
      const update = sampleUpdate();
      await saveLastState(directory, update);
      await saveLastState(directory, { state: undefined, keys: [], problems: [] });
      assert.deepEqual((await loadLastState(directory)).state, update.state);
    }));

  it('is ignored with a problem where it cannot be used', () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'last-state');
      const foreign = encoded();
      foreign.writeUInt32BE(2, 20);
      const cases = [
        ['', /only the beginning/u],
        ['some other file, longer than what comes before the content of a state', /no last state/u],
        [foreign, /has format 2, and this agent reads format 1/u],
        [Buffer.concat([encoded(), Buffer.of(0)]), /is damaged/u],
      ] as const;
      for (const [bytes, expected] of cases) {
        await writeFile(path, bytes);
        const { state, keys, problems } = await loadLastState(directory);
        assert.deepEqual([state, keys, problems.length], [undefined, [], 1]);
        assert.equal(problems[0]?.object, `File/${path}`);
        assert.match(problems[0]?.message ?? '', expected);
      }
      await rm(path);
      await mkdir(path);
      assert.match((await loadLastState(directory)).problems[0]?.message ?? '', /EISDIR/u);
    }));

  it('that cannot be saved names its file', () =>
    inDirectory(async (directory) => {
      await writeFile(join(directory, 'file'), '');
      const saving = saveLastState(join(directory, 'file'), sampleUpdate());
      await assert.rejects(saving, /cannot be kept in .*last-state \(E[A-Z]+\)/u);
      assert.equal(await readFile(join(directory, 'file'), 'utf8'), '');
    }));
});

describe('a last known state that is damaged', () => {
  const bytes = encoded();

  it('is never taken for a whole one when its end is missing', () => {
    fc.assert(
      fc.property(fc.nat({ max: bytes.length - 1 }), (length) => {
        assert.equal(decodeLastState(bytes.subarray(0, length)).ok, false);
      }),
    );
  });

  it('is never taken for a whole one when bits are not what they were', () => {
    const flips = fc.uniqueArray(fc.nat({ max: bytes.length * 8 - 1 }), { minLength: 1 });
    fc.assert(
      fc.property(flips, (places) => {
        const damaged = Uint8Array.from(bytes);
        for (const place of places) damaged[place >> 3]! ^= 1 << (place & 7);
        assert.equal(decodeLastState(damaged).ok, false);
      }),
    );
  });

  it('nor are any other bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (other) => {
        assert.equal(decodeLastState(other).ok, false);
        assert.equal(decodeLastState(Buffer.concat([bytes.subarray(0, 56), other])).ok, false);
      }),
    );
  });
});

it('nothing need be saved again while state and keys are the same, whatever the problems', () => {
  const update = sampleUpdate();
  const problem = { object: 'File/a', field: '', value: '', message: 'Is missing.' };
  assert.ok(isSameKnowledge(update, { ...update, problems: [problem], keys: [key(1), key(2)] }));
  assert.ok(!isSameKnowledge(update, { ...update, keys: [key(2), key(1)] }));
  assert.ok(!isSameKnowledge(update, { ...update, keys: [key(1)] }));
  assert.ok(!isSameKnowledge(update, { ...update, state: sampleUpdate().state }));
});
