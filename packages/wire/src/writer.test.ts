import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

describe('Writer', () => {
  it('writes big-endian values one behind the other', () => {
    const bytes = new Writer()
      .u8(1)
      .u16(0x0203)
      .u32(0xfffefdfc)
      .u64(0xfffefdfcfbfaf9f8n)
      .bytes(Uint8Array.of(0xaa, 0xbb))
      .finish();
    assert.equal(bytes.toHex(), '010203fffefdfcfffefdfcfbfaf9f8aabb');
  });

  it('fills in what is known afterwards', () => {
    const writer = new Writer().u16(0).bytes(new Uint8Array(5));
    assert.equal(writer.patchU16(0, writer.length).finish().toHex(), '00070000000000');
    assert.equal(writer.patchU16(5, 0xffff).finish().toHex(), '0007000000ffff');
    for (const offset of [-1, 6, 7, 0.5, Number.NaN]) {
      assert.throws(() => writer.patchU16(offset, 1), /are not among the 7 written/u);
    }
  });

  it('grows without a limit, or has one and keeps it', () => {
    const block = new Uint8Array(1000).fill(7);
    assert.deepEqual(new Writer().bytes(block).bytes(block).finish().length, 2000);
    const fixed = new Writer(4).u16(0x0102);
    assert.throws(() => fixed.u32(1), { name: 'RangeError', message: '6 bytes do not fit into 4' });
    assert.equal(fixed.length, 2);
    assert.equal(fixed.u16(0x0304).finish().toHex(), '01020304');
    assert.throws(() => fixed.u8(1), RangeError);
  });

  const values = {
    u8: [(writer: Writer) => writer.u8(0xa1), 'a1'],
    u16: [(writer: Writer) => writer.u16(0xa1a2), 'a1a2'],
    u32: [(writer: Writer) => writer.u32(0xa1a2a3a4), 'a1a2a3a4'],
    u64: [(writer: Writer) => writer.u64(0xa1a2a3a4a5a6a7a8n), 'a1a2a3a4a5a6a7a8'],
    bytes: [(writer: Writer) => writer.bytes(Uint8Array.of(0xa1, 0xa2)), 'a1a2'],
  } as const;
  for (const [kind, [write, hex]] of Object.entries(values)) {
    it(`grows under ${kind}, wherever the room ends`, () => {
      for (let before = 0; before <= 300; before++) {
        const writer = new Writer();
        for (let n = 0; n < before; n++) writer.bytes(Uint8Array.of(0xbb));
        assert.equal(write(write(writer)).finish().toHex(), 'bb'.repeat(before) + hex + hex);
      }
    });
  }

  it('writes into bytes of the caller', () => {
    const page = new Uint8Array(6).fill(0xff);
    const written = new Writer(page.subarray(1, 5)).u16(0).u8(1).finish();
    assert.equal(written.toHex(), '000001');
    assert.equal(page.toHex(), 'ff000001ffff');
  });

  it('refuses values that do not fit, and writes nothing', () => {
    const writer = new Writer().u8(1);
    for (const value of [-1, 0.5, Number.NaN, Infinity]) {
      assert.throws(() => writer.u8(value), RangeError);
      assert.throws(() => writer.u16(value), RangeError);
      assert.throws(() => writer.u32(value), RangeError);
      assert.throws(() => writer.patchU16(0, value), RangeError);
    }
    assert.throws(() => writer.u8(256), /8-bit field holds 0 to 2\^8 - 1, not 256/u);
    assert.throws(() => writer.u16(0x10000), /16-bit/u);
    assert.throws(() => writer.patchU16(0, 0x10000), /16-bit/u);
    assert.throws(() => writer.u32(2 ** 32), /32-bit/u);
    assert.throws(() => writer.u64(2n ** 64n), /64-bit field holds 0 to 2\^64 - 1/u);
    assert.throws(() => writer.u64(-1n), RangeError);
    assert.equal(writer.finish().toHex(), '01');
  });

  it('writes what a Reader reads back', () => {
    const field = fc.oneof(
      fc.record({ kind: fc.constant('u8' as const), value: fc.nat({ max: 0xff }) }),
      fc.record({ kind: fc.constant('u16' as const), value: fc.nat({ max: 0xffff }) }),
      fc.record({ kind: fc.constant('u32' as const), value: fc.nat({ max: 0xffffffff }) }),
      fc.record({ kind: fc.constant('u64' as const), value: fc.bigInt(0n, 2n ** 64n - 1n) }),
      fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 90 }) }),
    );
    fc.assert(
      fc.property(fc.array(field), (fields) => {
        const writer = new Writer();
        for (const each of fields) {
          if (each.kind === 'u64') writer.u64(each.value);
          else if (each.kind === 'bytes') writer.bytes(each.value);
          else writer[each.kind](each.value);
        }
        const reader = new Reader(writer.finish());
        assert.equal(reader.remaining, writer.length);
        for (const { kind, value } of fields) {
          const read = kind === 'bytes' ? reader.bytes(value.length) : reader[kind]();
          assert.deepEqual(read, value);
        }
        reader.expectEnd();
      }),
    );
  });
});
