import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { hash32, hashPair } from './hash32.ts';

// Nodes of all versions agree by these: a changed line here is a broken cluster.
describe('hash32 is stable for ever', () => {
  const texts = {
    '': 0x00000000,
    a: 0x3c2569b2,
    abc: 0xb3dd93fa,
    test: 0xba6bd213,
    'Hello, world!': 0xc0363e43,
    'The quick brown fox jumps over the lazy dog': 0x2e4ff723,
    größe: 0xe3d3963f,
    'node-1': 0x87e14464,
    '192.0.2.1': 0x4c79c5e5,
    '2001:db8::1': 0xc5e7438e,
  };
  for (const [text, expected] of Object.entries(texts)) {
    it(JSON.stringify(text), () => assert.equal(hash32(text), expected));
  }

  // Published vectors of MurmurHash3_x86_32 with seed 0, every length of the last block.
  const bytes = {
    ffffffff: 0x76293b50,
    '21436587': 0xf55b516b,
    '214365': 0x7e4a8634,
    '2143': 0xa0f7b07a,
    '21': 0x72661cf4,
    '00000000': 0x2362f9de,
    '000000': 0x85f0b427,
    '0000': 0x30f4c306,
    '00': 0x514e28b7,
  };
  for (const [hex, expected] of Object.entries(bytes)) {
    it(`bytes ${hex}`, () => assert.equal(hash32(Uint8Array.fromHex(hex)), expected));
  }
});

describe('hash32', () => {
  it('is an unsigned 32-bit integer, of text that of its UTF-8 bytes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const hash = hash32(text);
        assert.equal(hash, hash >>> 0);
        assert.equal(hash, hash32(Buffer.from(text)));
      }),
    );
  });

  it('reads a part of a larger buffer', () => {
    const part = new Uint8Array([9, 9, 9, ...new TextEncoder().encode('test'), 9]).subarray(3, 7);
    assert.equal(hash32(part), 0xba6bd213);
  });

  it('of a pair is that of its eight bytes', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(word, word, (a, b) => {
        const bytes = new Uint8Array(8);
        const view = new DataView(bytes.buffer);
        view.setUint32(0, a, true);
        view.setUint32(4, b, true);
        assert.equal(hashPair(a, b), hash32(bytes));
      }),
    );
  });

  it('flips each output bit half of the time when an input bit flips', () => {
    const samples = 2000;
    for (const bit of [0, 1, 7, 8, 20, 31, 32, 40, 47]) {
      const flips = Array.from({ length: 32 }, () => 0);
      for (let sample = 0; sample < samples; sample++) {
        const input = new Uint8Array(6);
        new DataView(input.buffer).setUint32(1, sample);
        const before = hash32(input);
        input[bit >>> 3]! ^= 1 << (bit & 7);
        const changed = (before ^ hash32(input)) >>> 0;
        for (const out of flips.keys()) flips[out]! += (changed >>> out) & 1;
      }
      // Six standard deviations of a fair coin.
      const allowed = 6 * Math.sqrt(samples / 4);
      for (const [out, count] of flips.entries()) {
        assert.ok(Math.abs(count - samples / 2) < allowed, `bit ${bit} → ${out}: ${count}`);
      }
    }
  });

  it('spreads neighbouring addresses evenly over 1024 buckets', () => {
    const buckets = Array.from({ length: 1024 }, () => 0);
    for (let host = 0; host < 65_536; host++) {
      buckets[hash32(`10.0.${host >>> 8}.${host & 0xff}`) % 1024]! += 1;
    }
    // Chi-squared with 1023 degrees of freedom: standard deviation sqrt(2 * 1023) = 45.
    const chiSquared = buckets.reduce((sum, count) => sum + (count - 64) ** 2 / 64, 0);
    assert.ok(chiSquared > 1023 - 5 * 45 && chiSquared < 1023 + 5 * 45, `${chiSquared}`);
  });
});
