import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError } from '@fairlead/wire';
import * as fc from 'fast-check';
import { decodeArp, encodeArp } from './arp.ts';
import { decodeEthernet, encodeEthernet } from './ethernet.ts';
import { decodeNdp, encodeNeighbourAdvertisement, encodeNeighbourSolicitation } from './ndp.ts';
import { arpPackets, bytesOf, captured, macs, ndpMessages } from './test-frames.ts';

/** What every decoder of this package must stand: it gets bytes that anybody on the segment may send. */
interface Decoder {
  readonly decode: (bytes: Uint8Array) => unknown;
  readonly valid: fc.Arbitrary<Uint8Array>;
  /** Bytes that are refused when cut anywhere; the rest may be missing. */
  readonly shortest: number;
}

const frames = Object.values(captured).map(bytesOf);
const packets = frames.map((frame) => decodeEthernet(frame).payload);

const decoders: Readonly<Record<string, Decoder>> = {
  decodeEthernet: {
    decode: decodeEthernet,
    valid: fc.oneof(
      fc.constantFrom(...frames),
      fc
        .tuple(macs, macs, fc.nat({ max: 0xffff }), fc.uint8Array({ maxLength: 60 }))
        .map(([destination, source, etherType, payload]) => {
          return encodeEthernet({ destination, source, etherType, payload });
        }),
    ),
    shortest: 14,
  },
  decodeArp: { decode: decodeArp, valid: arpPackets.map(encodeArp), shortest: 28 },
  decodeNdp: {
    decode: decodeNdp,
    valid: fc.tuple(macs, macs, ndpMessages).map(([destination, source, message]) => {
      const link = { destination, source };
      const frame =
        message.kind === 'solicitation'
          ? encodeNeighbourSolicitation(link, message)
          : encodeNeighbourAdvertisement(link, message);
      return decodeEthernet(frame).payload;
    }),
    shortest: 64,
  },
};

/** Whether the bytes were decoded; fails on any error but ProtocolError. */
function accepts({ decode }: Decoder, bytes: Uint8Array): boolean {
  try {
    decode(bytes);
    return true;
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.match(error.code, /^[a-z\d]+(?:-[a-z\d]+)*$/u);
    assert.ok(error.offset >= 0 && error.offset <= bytes.length, error.message);
    assert.ok(error.detail.length > 0);
    return false;
  }
}

for (const [name, decoder] of Object.entries(decoders)) {
  describe(`${name} throws nothing but ProtocolError`, () => {
    it('for any bytes', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
          accepts(decoder, bytes);
        }),
        { numRuns: 1000 },
      );
    });

    it('for the frames and packets of every protocol', () => {
      for (const bytes of [...frames, ...packets]) accepts(decoder, bytes);
    });

    it('for any bytes behind a valid beginning', () => {
      const tails = fc.uint8Array({ maxLength: 60 });
      fc.assert(
        fc.property(decoder.valid, fc.nat(), tails, (valid, at, tail) => {
          accepts(decoder, Buffer.concat([valid.subarray(0, at % (valid.length + 1)), tail]));
        }),
        { numRuns: 1000 },
      );
    });

    it('for valid bytes, cut anywhere', () => {
      fc.assert(
        fc.property(decoder.valid, (valid) => {
          assert.equal(accepts(decoder, valid), true);
          for (let length = 0; length < valid.length; length++) {
            const accepted = accepts(decoder, valid.subarray(0, length));
            if (length < decoder.shortest) assert.equal(accepted, false, `${length} bytes`);
          }
        }),
      );
    });

    it('for valid bytes, one of them changed to any other', () => {
      fc.assert(
        fc.property(decoder.valid, fc.nat(), (valid, index) => {
          const at = index % valid.length;
          for (let value = 0; value < 256; value++) accepts(decoder, valid.with(at, value));
        }),
      );
    });

    it('and leaves the bytes as they are', () => {
      fc.assert(
        fc.property(decoder.valid, (valid) => {
          const before = valid.slice();
          accepts(decoder, valid);
          assert.deepEqual(valid, before);
        }),
      );
    });
  });
}
