import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { internetChecksum } from './internet-checksum.ts';

describe('internetChecksum', () => {
  it('is that of RFC 1071 §3', () => {
    const words = Uint8Array.fromHex('0001f203f4f5f6f7');
    assert.equal(internetChecksum([words]), 0xffff - 0xddf2);
  });

  it('is 0 over an IPv4 header that carries it', () => {
    const header = Uint8Array.fromHex('4500001e37fd400040117ecec0000201c0000202');
    assert.equal(internetChecksum([header]), 0);
    header.fill(0, 10, 12);
    assert.equal(internetChecksum([header]), 0x7ece);
  });

  it('of nothing and of zeros is all ones', () => {
    assert.equal(internetChecksum([]), 0xffff);
    assert.equal(internetChecksum([new Uint8Array(7)]), 0xffff);
  });

  it('pads an odd byte at the end only', () => {
    assert.equal(internetChecksum([Uint8Array.of(0xab)]), 0xffff - 0xab00);
    const parts = [Uint8Array.of(1), Uint8Array.of(2, 3), Uint8Array.of(4)];
    assert.equal(internetChecksum(parts), internetChecksum([Uint8Array.of(1, 2, 3, 4)]));
  });

  it('does not depend on how the bytes are cut into parts', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9 })), (parts) => {
        assert.equal(internetChecksum(parts), internetChecksum([Buffer.concat(parts)]));
      }),
    );
  });

  it('is the complement of the sum modulo 2^16 - 1', () => {
    const bytes = fc.uint8Array({ minLength: 2, maxLength: 200 });
    fc.assert(
      fc.property(bytes, (odd) => {
        const even = odd.subarray(0, odd.length & ~1);
        const sum = BigInt(`0x${even.toHex()}`);
        // Of the two zeros of one's complement, all zeros is the sum of zeros alone.
        const folded = sum === 0n ? 0n : sum % 0xffffn || 0xffffn;
        assert.equal(internetChecksum([even]), 0xffff - Number(folded));
      }),
    );
  });

  it('carries also in the largest of packets', () => {
    assert.equal(internetChecksum([new Uint8Array(0x40000).fill(0xff)]), 0);
  });
});
