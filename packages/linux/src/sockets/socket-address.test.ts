import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressFromBytes, parseAddress } from '@fairlead/ip';
import * as fc from 'fast-check';
import {
  decodeIpEndpoint,
  decodeNetlinkPort,
  decodePacketType,
  encodeIpEndpoint,
  encodeLinkEndpoint,
  encodeNetlinkEndpoint,
} from './socket-address.ts';

/** Hexadecimal digits in groups, one for each field. */
function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(' ', ''));
}

test('sockaddr_in: family in host order, port and address in network order', () => {
  const address = parseAddress('192.0.2.1');
  assert.ok(address);
  assert.deepEqual(encodeIpEndpoint(address, 7476, 0), hex('0200 1d34 c0000201 0000000000000000'));
});

test('sockaddr_in6: the scope is an interface index in host order', () => {
  const address = parseAddress('fe80::1');
  assert.ok(address);
  assert.deepEqual(
    encodeIpEndpoint(address, 7476, 3),
    hex('0a00 1d34 00000000 fe80000000000000 0000000000000001 03000000'),
  );
});

test('sockaddr_ll and sockaddr_nl', () => {
  assert.deepEqual(
    encodeLinkEndpoint(3, 0x0806),
    hex('1100 0806 03000000 000000000000000000000000'),
  );
  assert.deepEqual(encodeNetlinkEndpoint(0), hex('1000 00000000000000000000'));
  const received = hex('1100 0806 03000000 0100 03 06 020000000001 0000');
  assert.equal(decodePacketType(received), 'other-host');
  assert.equal(decodeNetlinkPort(hex('1000 0000 2a000000 00000000')), 42);
});

test('an endpoint survives encoding', () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(address, fc.nat(0xffff), fc.nat(), (bytes, port, index) => {
      const address = addressFromBytes(bytes);
      const scope = bytes.length === 16 ? index : 0;
      assert.deepEqual(decodeIpEndpoint(encodeIpEndpoint(address, port, scope)), {
        address,
        port,
        scope,
      });
    }),
  );
});

test('anything else is no endpoint', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 32 }), (bytes) => {
      const endpoint = decodeIpEndpoint(bytes);
      assert.equal(
        endpoint === undefined,
        !(
          (bytes[0] === 2 && bytes[1] === 0 && bytes.length >= 16) ||
          (bytes[0] === 10 && bytes[1] === 0 && bytes.length >= 28)
        ),
      );
    }),
  );
});
