import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressToMappedBytes, macFromBytes, type MacAddress } from '@fairlead/ip';
import * as fc from 'fast-check';
import { NO_CANDIDATE, ROWS } from '../rows.ts';
import { address } from '../testing/cluster.ts';
import {
  decodeDiverted,
  decodeNodeName,
  decodePeer,
  decodeSegmentWord,
  decodeU32,
  encodeHopKey,
  encodeNodeName,
  encodePeer,
  encodeRows,
  encodeService,
  encodeServiceKey,
  encodeU32,
  HOP_FILTER_WORDS,
  hopFilterBit,
  interfaceOfHop,
  segmentWord,
  TABLE_SIZE,
} from './layout.ts';

const mac = '02:1b:3c:4d:5e:6f' as MacAddress;

describe('the layout of bpf/steer.h', () => {
  it('has services by address, port and protocol as in a packet', () => {
    const four = addressToMappedBytes(address('192.0.2.10'));
    assert.equal(
      encodeServiceKey(four, 'TCP', 443).toHex(),
      '00000000000000000000ffffc000020a01bb0600',
    );
    const six = addressToMappedBytes(address('2001:db8::a'));
    assert.equal(
      encodeServiceKey(six, 'UDP', 53).toHex(),
      '20010db800000000000000000000000a00351100',
    );
  });

  it('has a target and flags for each', () => {
    const values = [
      [{ kind: 'node', target: 0xfffe, affinity: false }, 'feff000000000000'],
      [{ kind: 'table', target: 65, affinity: false }, '4100000001000000'],
      [{ kind: 'node', target: 7, affinity: true }, '0700000002000000'],
      [{ kind: 'table', target: 1, affinity: true }, '0100000003000000'],
    ] as const;
    for (const [value, bytes] of values) assert.equal(encodeService(value).toHex(), bytes);
  });

  it('has rows of two node indices each', () => {
    const rows = new Uint16Array(2 * ROWS).fill(NO_CANDIDATE);
    rows.set([1, 0, 0], 0);
    const bytes = encodeRows(rows, [0x0123, 0xfffe]);
    assert.equal(bytes.length, TABLE_SIZE);
    assert.equal(bytes.subarray(0, 8).toHex(), 'feff23012301ffff');
  });

  it('has MAC addresses as the numbers that they are in memory', () => {
    const word = encodePeer({ mac, suspect: false, diverted: false });
    assert.equal(new Uint8Array(BigUint64Array.of(word).buffer).toHex(), '021b3c4d5e6f0100');
    const hop = encodeHopKey(7, mac);
    assert.equal(hop.toHex(), '021b3c4d5e6f00000700000000000000');
    assert.equal(interfaceOfHop(hop), 7);
  });

  it('has what is known of a peer in one word', () => {
    assert.equal(decodePeer(0n), undefined);
    for (const suspect of [false, true]) {
      for (const diverted of [false, true]) {
        const word = encodePeer({ mac, suspect, diverted });
        assert.equal(word >> 48n, 1n | (suspect ? 2n : 0n) | (diverted ? 4n : 0n));
        assert.deepEqual(decodePeer(word), { mac, suspect, diverted });
      }
    }
    assert.deepEqual(decodeDiverted(Uint8Array.of(1, 2, 3, 0)), { from: 0x0201, to: 3 });
  });

  it('has a segment’s interface and this node’s index in one word', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), fc.nat(1023), (interfaceIndex, self) => {
        const word = segmentWord(interfaceIndex, self);
        assert.deepEqual(decodeSegmentWord(word), { interfaceIndex, self });
      }),
    );
    const bytes = new Uint8Array(BigUint64Array.of(segmentWord(3, 0x0102)).buffer);
    assert.equal(bytes.toHex(), '0300000002010000');
  });

  it('spreads MAC addresses over the filter', () => {
    const bits = new Set(
      Array.from({ length: 64 }, (_, at) =>
        hopFilterBit(encodeHopKey(1, macFromBytes(Uint8Array.of(2, 0, 0, 0, 0, at)))),
      ),
    );
    assert.ok(bits.size > 55, `${bits.size} of 64`);
    assert.ok(Math.max(...bits) < 64 * HOP_FILTER_WORDS);
  });

  it('keeps names and numbers', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[.0-9a-z-]{1,253}$/u), (name) => {
        assert.equal(decodeNodeName(encodeNodeName(name)), name);
        assert.equal(encodeNodeName(name).length, 256);
      }),
    );
    assert.throws(() => encodeNodeName('x'.repeat(257)), RangeError);
    fc.assert(fc.property(fc.nat(0xffffffff), (n) => assert.equal(decodeU32(encodeU32(n)), n)));
    assert.throws(() => decodeU32(new Uint8Array(3)), RangeError);
  });
});
