import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { parseMac, type MacAddress } from '@fairlead/ip';
import { ProtocolError } from '@fairlead/wire';
import fc from 'fast-check';
import { bucketCount, noBuckets, type BucketSet } from '../bucket-set.ts';
import { decodeHeartbeat } from './decode.ts';
import { encodeHeartbeat } from './encode.ts';
import type { Heartbeat, NodeClass, PeerEntry } from './heartbeat.ts';
import { membershipKey, unauthenticated, type Keyring } from './keyring.ts';
import { macBytes } from './layout.ts';
import { bucketSet, sampleBeat } from './sample.ts';

const clusterId = '6f1e6d0e-7a8e-4b39-9d7d-0a3f6f0f9e11';
const oldKey = membershipKey(Buffer.alloc(32, 1));
const newKey = membershipKey(Buffer.alloc(32, 2));
const keys: Keyring = [oldKey];

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
  return 'read';
}

const read = (bytes: Uint8Array, cluster = clusterId, ring: Keyring = keys): string =>
  codeOf(() => decodeHeartbeat(bytes, cluster, ring));

/** Signs again what was changed on purpose. */
function forge(bytes: Uint8Array, change: (copy: Uint8Array) => void): Uint8Array {
  const copy = Uint8Array.from(bytes);
  change(copy);
  const end = copy.length - macBytes;
  copy.set(oldKey.sign(copy.subarray(0, end)), end);
  return copy;
}

describe('a heartbeat', () => {
  const datagram = encodeHeartbeat(sampleBeat, clusterId, keys);

  test('is read as it was written', () => {
    assert.deepEqual(decodeHeartbeat(datagram, clusterId, keys), sampleBeat);
  });

  test('has a layout that never changes in its head', () => {
    const key = oldKey.id.toString(16).padStart(8, '0');
    assert.equal(
      encodeHeartbeat(sampleBeat, 'x', keys).subarray(0, -macBytes).toHex(),
      `464c48420101${key}0178` +
        '010016cafe00010000002a004b012c00020206' +
        '6e6f64652d61' +
        '02000602000000000a' +
        '030011' +
        '01020304000000071700000029000c012c' +
        '04000f' +
        '00000000' +
        '000003' +
        '01008701' +
        '00000102',
    );
  });

  test('of another cluster is told apart without its key', () => {
    assert.equal(read(datagram, 'another'), 'foreign-cluster');
  });

  test('is refused if it was changed anywhere', () => {
    for (let at = 0; at < datagram.length; at++) {
      const changed = Uint8Array.from(datagram);
      changed[at] = (changed[at] ?? 0) ^ 1;
      assert.notEqual(read(changed), 'read', `byte ${at}`);
    }
    const changed = Uint8Array.from(datagram);
    changed[60] = (changed[60] ?? 0) ^ 1;
    assert.equal(read(changed), 'bad-mac');
  });

  test('is refused if it was cut anywhere', () => {
    for (let length = 0; length < datagram.length; length++) {
      assert.notEqual(read(datagram.subarray(0, length)), 'read', `${length} bytes`);
    }
    assert.equal(read(datagram.subarray(0, 9)), 'truncated');
  });

  test('is signed by a key that never shows when it is printed', () => {
    assert.doesNotMatch(inspect(oldKey, { depth: 9, showHidden: true }), /\b1, 1, 1\b|01 01 01/u);
    assert.equal(JSON.stringify(oldKey), JSON.stringify({ id: oldKey.id }));
  });

  test('is read under either of two keys while the key is changed', () => {
    const byNew = encodeHeartbeat(sampleBeat, clusterId, [newKey, oldKey]);
    assert.equal(read(byNew), 'unknown-key');
    assert.equal(read(byNew, clusterId, [oldKey, newKey]), 'read');
    assert.equal(read(datagram, clusterId, [newKey, oldKey]), 'read');
    assert.equal(read(datagram, clusterId, [newKey]), 'unknown-key');
  });

  test('signed by nobody is refused where there are keys, and the other way round', () => {
    const bare = encodeHeartbeat(sampleBeat, clusterId, unauthenticated);
    assert.equal(read(bare), 'unknown-key');
    assert.equal(
      codeOf(() => decodeHeartbeat(datagram, clusterId, unauthenticated)),
      'unknown-key',
    );
  });

  test('of a newer version is read as far as it is known', () => {
    const newer = forge(datagram, (bytes) => {
      bytes[4] = 9;
    });
    assert.equal(decodeHeartbeat(newer, clusterId, keys).version, 9);
    const end = datagram.length - macBytes;
    const extra = Uint8Array.of(250, 0, 2, 1, 2);
    const withExtra = Buffer.concat([datagram.subarray(0, end), extra, Buffer.alloc(macBytes)]);
    assert.deepEqual(
      decodeHeartbeat(
        forge(withExtra, () => {}),
        clusterId,
        keys,
      ),
      sampleBeat,
    );
  });

  test('whose rules nobody here knows is refused, but only if it is signed', () => {
    const needsNewer = (bytes: Uint8Array): void => {
      bytes[5] = 2;
    };
    assert.equal(read(forge(datagram, needsNewer)), 'newer-version');
    const unsigned = Uint8Array.from(datagram);
    needsNewer(unsigned);
    assert.equal(read(unsigned), 'bad-mac');
  });

  test('refuses a secret that is too short to be one', () => {
    assert.throws(() => membershipKey(Buffer.from('secret')), /at least 16 bytes, not 6/u);
  });
});

describe('the size of a heartbeat', () => {
  const peers = (count: number): PeerEntry[] =>
    Array.from({ length: count }, (_, id) => ({
      id,
      incarnation: 0xffffffff,
      heard: 0xffffffff,
      live: { sequence: 0xffffffff, ageMs: 0xffff, class: 0, deadAfterMs: 300 },
    }));
  const everyNth = (step: number): BucketSet =>
    bucketSet(...Array.from({ length: Math.ceil(bucketCount / step) }, (_, index) => index * step));
  const size = (nodes: number, announcements: number): number =>
    encodeHeartbeat(
      {
        ...sampleBeat,
        node: 'n'.repeat(40),
        peers: peers(nodes - 1),
        holdings: Array.from({ length: announcements }, (_, announcement) => ({
          announcement,
          held: everyNth(nodes),
          offered: noBuckets(),
        })),
      },
      clusterId,
      keys,
    ).length;

  test('fits a datagram over IPv6 for 64 nodes, and for ten nodes with seven Announcements', () => {
    assert.ok(size(64, 4) <= 1452, `${size(64, 4)}`);
    assert.ok(size(10, 7) <= 1452, `${size(10, 7)}`);
    assert.ok(size(1, 48) <= 1452, `${size(1, 48)}`);
  });

  test('stays below the limit even where it has to be fragmented', () => {
    assert.ok(size(64, 48) <= 16 * 1024);
    const worst = { ...sampleBeat, peers: peers(126), holdings: holdings(48) };
    assert.ok(encodeHeartbeat(worst, clusterId, keys).length <= 16 * 1024);
  });

  function holdings(count: number): Heartbeat['holdings'] {
    return Array.from({ length: count }, (_, announcement) => ({
      announcement,
      held: everyNth(2),
      offered: everyNth(2),
    }));
  }
});

const u32 = fc.integer({ min: 0, max: 0xffffffff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const someClass = fc.constantFrom<NodeClass>(0, 1, 2, 3);
const someSet = fc
  .uniqueArray(fc.integer({ min: 0, max: bucketCount - 1 }), { maxLength: bucketCount })
  .map((buckets) => bucketSet(...buckets));
const someMac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((bytes) => parseMac(Array.from(bytes, hexByte).join(':')) as MacAddress);
const plain = { noNullPrototype: true };
const someLive = fc.record(
  { sequence: u32, ageMs: u16, class: someClass, deadAfterMs: u16 },
  plain,
);
const somePeer = fc.record(
  {
    id: u32,
    incarnation: u32,
    heard: fc.option(u32, { nil: undefined }),
    live: fc.option(someLive, { nil: undefined }),
  },
  plain,
);
const someHolding = fc.record({ announcement: u32, held: someSet, offered: someSet }, plain);
const someBeat: fc.Arbitrary<Heartbeat> = fc.record(
  {
    version: fc.integer({ min: 1, max: 255 }),
    minimumVersion: fc.constant(1),
    node: fc.string({ minLength: 1, maxLength: 60 }),
    incarnation: fc.integer({ min: 1, max: 0xffffffff }),
    sequence: fc.integer({ min: 1, max: 0xffffffff }),
    intervalMs: fc.integer({ min: 1, max: 1000 }),
    deadAfterMs: fc.integer({ min: 1000, max: 0xffff }),
    class: someClass,
    alone: fc.boolean(),
    fresh: fc.boolean(),
    liveCount: fc.integer({ min: 0, max: 255 }),
    macs: fc.array(someMac, { maxLength: 8 }),
    peers: fc.array(somePeer, { maxLength: 64 }),
    holdings: fc.uniqueArray(someHolding, {
      maxLength: 4,
      selector: ({ announcement }) => announcement,
    }),
  },
  plain,
);

function hexByte(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

describe('properties of the codec', () => {
  test('what is written is read back', () => {
    fc.assert(
      fc.property(someBeat, (beat) => {
        const bytes = encodeHeartbeat(beat, clusterId, keys);
        assert.deepEqual(decodeHeartbeat(bytes, clusterId, keys), beat);
      }),
      { numRuns: 200 },
    );
  });

  test('what is said of one node is the same where the others are passed over', () => {
    fc.assert(
      fc.property(someBeat, fc.nat(63), (beat, index) => {
        const bytes = encodeHeartbeat(beat, clusterId, keys);
        const about = beat.peers[index]?.id ?? index;
        const peers = beat.peers.filter(({ id }) => id === about);
        assert.deepEqual(decodeHeartbeat(bytes, clusterId, keys, about), { ...beat, peers });
      }),
      { numRuns: 200 },
    );
  });

  test('what is refused of one node is refused of those that are passed over', () => {
    const bare = encodeHeartbeat(sampleBeat, 'x', unauthenticated);
    fc.assert(
      fc.property(fc.nat(bare.length - 1), fc.nat(255), (at, value) => {
        const bytes = Uint8Array.from(bare);
        bytes[at] = value;
        const all = codeOf(() => decodeHeartbeat(bytes, 'x', unauthenticated));
        assert.equal(
          codeOf(() => decodeHeartbeat(bytes, 'x', unauthenticated, 1)),
          all,
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('a signature is the HMAC-SHA256 of RFC 2104, for keys and datagrams of any length', () => {
    const secret = fc.uint8Array({ minLength: 16, maxLength: 200 });
    fc.assert(
      fc.property(secret, fc.uint8Array({ maxLength: 2000 }), (bytes, datagram) => {
        const expected = createHmac('sha256', bytes).update(datagram).digest();
        assert.deepEqual(Buffer.from(membershipKey(bytes).sign(datagram)), expected);
      }),
    );
  });

  test('whatever arrives, nothing but a ProtocolError is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        read(bytes);
      }),
    );
  });

  test('whatever a holder of the key sends, nothing but a ProtocolError is thrown', () => {
    const bare = encodeHeartbeat(sampleBeat, 'x', unauthenticated);
    const edits = fc.array(fc.tuple(fc.nat(bare.length - 1), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(edits, fc.nat(bare.length), (changes, length) => {
        const bytes = Uint8Array.from(bare);
        for (const [at, value] of changes) bytes[at] = value;
        codeOf(() => decodeHeartbeat(bytes.subarray(0, length), 'x', unauthenticated));
      }),
      { numRuns: 2000 },
    );
  });
});
