import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { hash32 } from './hash32.ts';
import { lnOfHash } from './natural-logarithm.ts';

describe('lnOfHash', () => {
  // Bit for bit: all nodes must order weighted candidates alike, whatever their CPU.
  const pinned = [
    [0, 0xc036dfb516f20bben],
    [1, 0xc035c6766f473b8en],
    [2, 0xc03543b0f77332ecn],
    [0x12345678, 0xc00525e973ac164fn],
    [0x7fffffff, 0xbfe62e42ff1a39efn],
    [0x80000000, 0xbfe62e42feda39efn],
    [0xb504f333, 0xbfd62e42ff25503cn],
    [0xb504f334, 0xbfd62e42fecacdc2n],
    [0xdeadbeef, 0xbfc1d96ac64c5279n],
    [0xfffffffe, 0xbdf8000000120000n],
    [0xffffffff, 0xbde0000000040000n],
  ] as const;
  for (const [hash, bits] of pinned) {
    it(`of 0x${hash.toString(16)} is the same double everywhere`, () => {
      const view = new DataView(new ArrayBuffer(8));
      view.setFloat64(0, lnOfHash(hash));
      assert.equal(view.getBigUint64(0), bits);
    });
  }

  it('is the same double everywhere for 4096 hashes all over the range', () => {
    const view = new DataView(new ArrayBuffer(8 * 4096));
    for (let n = 0; n < 4096; n++) view.setFloat64(8 * n, lnOfHash((n * 1_048_573) >>> 0));
    assert.equal(hash32(new Uint8Array(view.buffer)), 871_186_196);
  });

  it('is the logarithm, to the last digits of a double', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (hash) => {
        const expected = Math.log((hash + 0.5) / 2 ** 32);
        assert.ok(Math.abs(lnOfHash(hash) / expected - 1) < 1e-15, `${hash}`);
      }),
      { numRuns: 2000 },
    );
  });
});
