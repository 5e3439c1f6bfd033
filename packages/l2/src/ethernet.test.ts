import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { broadcastMac, decodeEthernet, encodeEthernet, etherTypes } from './ethernet.ts';
import { bytesOf, captured, first, macs } from './test-frames.ts';

describe('an Ethernet frame', () => {
  it('is read', () => {
    const frame = decodeEthernet(bytesOf(captured.arpRequest));
    assert.equal(frame.destination, broadcastMac);
    assert.equal(frame.source, first);
    assert.equal(frame.etherType, etherTypes.arp);
    assert.equal(frame.payload.length, 28);
  });

  it('may be all header', () => {
    const header = bytesOf(captured.solicitation).subarray(0, 14);
    assert.equal(decodeEthernet(header).etherType, etherTypes.ipv6);
    assert.equal(decodeEthernet(header).payload.length, 0);
  });

  it('is never shorter than its header', () => {
    for (let length = 0; length < 14; length++) {
      const short = bytesOf(captured.solicitation).subarray(0, length);
      const detail = `14 bytes wanted, ${length} left`;
      assert.throws(() => decodeEthernet(short), { code: 'truncated', offset: 0, detail });
    }
  });

  it('comes back from its bytes, the payload a view of them', () => {
    const payloads = fc.uint8Array({ maxLength: 60 });
    const types = fc.nat({ max: 0xffff });
    fc.assert(
      fc.property(macs, macs, types, payloads, (destination, source, etherType, payload) => {
        const frame = { destination, source, etherType, payload };
        const encoded = encodeEthernet(frame);
        const decoded = decodeEthernet(encoded);
        assert.deepEqual(decoded, frame);
        assert.equal(decoded.payload.buffer, encoded.buffer);
      }),
    );
  });
});
