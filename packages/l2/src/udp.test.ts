import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressToBytes,
  parseAddress,
  parseMac,
  type IpAddress,
  type MacAddress,
} from '@fairlead/ip';
import { internetChecksum } from '@fairlead/wire';
import fc from 'fast-check';
import { decodeEthernet } from './ethernet.ts';
import { encodeUdp, type UdpDatagram } from './udp.ts';

const link = {
  destination: parseMac('02:00:00:00:00:0b') as MacAddress,
  source: parseMac('02:00:00:00:00:0a') as MacAddress,
};

function datagram(source = '', destination = '', payload = new Uint8Array()): UdpDatagram {
  return {
    source: parseAddress(source) as IpAddress,
    destination: parseAddress(destination) as IpAddress,
    sourcePort: 7476,
    destinationPort: 7476,
    trafficClass: 0xc0,
    payload,
  };
}

test('an IPv4 datagram is the frame that Linux makes of it', () => {
  const frame = encodeUdp(link, datagram('192.0.2.1', '192.0.2.2', Buffer.from('hi')));
  const bytes = Buffer.from(frame).toString('hex');
  assert.equal(bytes.slice(0, 28), '02000000000b02000000000a0800');
  assert.equal(bytes.slice(28, 48), '45c0001e000040004011');
  assert.equal(bytes.slice(52, 68), 'c0000201c0000202');
  assert.equal(bytes.slice(68, 80), '1d341d34000a');
  assert.equal(bytes.slice(84), '6869');
});

test('the family of both ends is the same', () => {
  const mixed = datagram('192.0.2.1', '2001:db8::2', new Uint8Array());
  assert.throws(() => encodeUdp(link, mixed), RangeError);
});

test('checksums add up for any payload, over both families', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1400 }), fc.boolean(), (payload, v6) => {
      const [from, to] = v6 ? ['2001:db8::1', '2001:db8::2'] : ['192.0.2.1', '192.0.2.2'];
      const { payload: packet } = decodeEthernet(encodeUdp(link, datagram(from, to, payload)));
      const headerLength = v6 ? 40 : 20;
      if (!v6) assert.equal(internetChecksum([packet.subarray(0, headerLength)]), 0);
      const segment = packet.subarray(headerLength);
      const pseudoHeader = [
        ...[from, to].map((end) => addressToBytes(parseAddress(end) as IpAddress)),
        Uint8Array.of(0, 0, segment.length >> 8, segment.length & 0xff, 0, 0, 0, 17),
      ];
      assert.equal(internetChecksum([...pseudoHeader, segment]), 0);
      assert.notEqual(segment[6]! | segment[7]!, 0);
      assert.deepEqual(segment.subarray(8), payload);
    }),
  );
});
