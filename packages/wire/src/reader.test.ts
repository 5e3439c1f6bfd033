import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { ProtocolError } from './protocol-error.ts';
import { Reader } from './reader.ts';

function readerOf(hex: string): Reader {
  return new Reader(Uint8Array.fromHex(hex.replaceAll(' ', '')));
}

describe('Reader', () => {
  it('reads big-endian values one behind the other', () => {
    const reader = readerOf('01 0203 fffefdfc fffefdfcfbfaf9f8 aabb cc');
    assert.equal(reader.u8(), 1);
    assert.equal(reader.u16(), 0x0203);
    assert.equal(reader.u32(), 0xfffefdfc);
    assert.equal(reader.u64(), 0xfffefdfcfbfaf9f8n);
    assert.deepEqual(reader.bytes(2), Uint8Array.of(0xaa, 0xbb));
    assert.equal(reader.offset, 17);
    assert.equal(reader.remaining, 1);
    assert.deepEqual(reader.rest(), Uint8Array.of(0xcc));
    assert.deepEqual(reader.rest(), new Uint8Array());
    reader.expectEnd();
  });

  it('throws where a value is cut off, and stays there', () => {
    const reader = readerOf('010203');
    reader.skip(1);
    const error = { code: 'truncated', offset: 1, detail: '4 bytes wanted, 2 left' };
    assert.throws(() => reader.u32(), error);
    assert.throws(() => reader.u32(), ProtocolError);
    assert.equal(reader.u16(), 0x0203);
    assert.throws(() => reader.u8(), { offset: 3, detail: '1 bytes wanted, 0 left' });
  });

  it('throws where something is left', () => {
    const reader = readerOf('010203');
    reader.skip(1);
    const error = { code: 'trailing-bytes', offset: 1, detail: '2 bytes too many' };
    assert.throws(() => reader.expectEnd(), error);
    reader.skip(1);
    assert.throws(() => reader.expectEnd(), { offset: 2, detail: '1 bytes too many' });
    reader.skip(1);
    reader.expectEnd();
  });

  it('hands a part to a reader of its own that tells offsets of the whole', () => {
    const outer = new Reader(Uint8Array.fromHex('0a0b0c0d0e0f'), 100);
    outer.skip(1);
    const inner = outer.take(2);
    assert.equal(inner.offset, 101);
    assert.equal(inner.u8(), 0x0b);
    assert.equal(outer.u8(), 0x0d);
    assert.throws(() => inner.u16(), { code: 'truncated', offset: 102 });
    assert.equal(inner.take(1).u8(), 0x0c);
    assert.throws(() => outer.take(3), { code: 'truncated', offset: 104 });
  });

  it('gives views, not copies, and plain Uint8Array even of a Buffer', () => {
    const buffer = Buffer.from('00112233', 'hex');
    const view = new Reader(buffer.subarray(1)).bytes(2);
    assert.equal(Buffer.isBuffer(view), false);
    assert.deepEqual(view, Uint8Array.of(0x11, 0x22));
    buffer[1] = 0xee;
    assert.equal(view[0], 0xee);
  });

  it('refuses lengths that are none: a mistake of ours, not of a peer', () => {
    for (const length of [-1, 0.5, Number.NaN, Infinity]) {
      assert.throws(() => readerOf('0102').bytes(length), RangeError);
      assert.throws(() => readerOf('0102').skip(length), RangeError);
    }
  });

  it('never throws anything but ProtocolError, and never reads past the end', () => {
    const read = {
      u8: (reader: Reader) => reader.u8(),
      u16: (reader: Reader) => reader.u16(),
      u32: (reader: Reader) => reader.u32(),
      u64: (reader: Reader) => reader.u64(),
      bytes: (reader: Reader, length: number) => reader.bytes(length),
      take: (reader: Reader, length: number) => reader.take(length),
      skip: (reader: Reader, length: number) => reader.skip(length),
    };
    const steps = fc.array(fc.tuple(fc.constantFrom(...Object.values(read)), fc.nat({ max: 12 })), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), steps, (bytes, plan) => {
        const reader = new Reader(bytes);
        for (const [step, length] of plan) {
          const before = reader.offset;
          try {
            step(reader, length);
          } catch (error) {
            assert.ok(error instanceof ProtocolError);
            assert.equal(error.code, 'truncated');
            assert.equal(error.offset, before);
            assert.equal(reader.offset, before);
          }
          assert.equal(reader.offset + reader.remaining, bytes.length);
          assert.ok(reader.remaining >= 0);
        }
      }),
    );
  });
});
