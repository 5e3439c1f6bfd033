import { addressFromBytes, macFromBytes, parseAddress, parseMac } from '@fairlead/ip';
import type { IpAddress, MacAddress } from '@fairlead/ip';
import { ProtocolError } from '@fairlead/wire';
import * as fc from 'fast-check';
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  decodeAnswer,
  decodeEvidence,
  decodeInterface,
  decodeInterfaceKey,
  decodeOwnMac,
  encodeAnswer,
  encodeAnswerKey,
  encodeInterface,
  encodeInterfaceKey,
  encodeOwnMac,
} from './responder-layout.ts';

const mac = parseMac('02:00:00:00:00:0a') as MacAddress;
const ipv4 = parseAddress('192.0.2.1') as IpAddress;
const ipv6 = parseAddress('2001:db8::1') as IpAddress;

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const macs = bytesOf(6).map(macFromBytes);
const addresses = fc.oneof(bytesOf(4), bytesOf(16).filter(isNotMapped)).map(addressFromBytes);
const indexes = fc.integer({ min: 1, max: 2 ** 31 - 1 });

function isNotMapped(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 12).toHex() !== '00000000000000000000ffff';
}

suite('the layout of the responder’s maps', () => {
  test('an answer for an IPv4 address', () => {
    const key = encodeAnswerKey(7, ipv4);
    const value = encodeAnswer(mac, 'answer');
    assert.equal(key.toHex(), '0700000000000000000000000000ffffc0000201');
    assert.equal(value.toHex(), '02000000000a0100');
    assert.deepEqual(decodeAnswer(key, value), {
      interfaceIndex: 7,
      address: ipv4,
      mac,
      mode: 'answer',
    });
  });

  test('a watched IPv6 address', () => {
    assert.equal(encodeAnswerKey(258, ipv6).toHex(), '0201000020010db8000000000000000000000001');
    assert.equal(encodeAnswer(mac, 'watch').toHex(), '02000000000a0000');
  });

  test('an interface', () => {
    assert.equal(encodeInterfaceKey(258).toHex(), '02010000');
    assert.equal(encodeInterface({ slot: 3, mac }).toHex(), '0300000002000000000a0000');
    assert.equal(encodeOwnMac(mac).toHex(), '02000000000a0000');
  });

  test('evidence', () => {
    const record = Uint8Array.fromHex(
      [
        '00ca9a3b00000000',
        '07000000',
        '0200',
        '02000000000a',
        '20010db8000000000000000000000001',
        '00000000',
      ].join(''),
    );
    assert.deepEqual(decodeEvidence(record), {
      kind: 'probe',
      interfaceIndex: 7,
      address: ipv6,
      mac,
      timeNs: 1_000_000_000n,
    });
    record[12] = 4;
    assert.throws(() => decodeEvidence(record), { code: 'unknown-kind', offset: 12 });
  });

  test('every record is read as it was written', () => {
    fc.assert(
      fc.property(
        indexes,
        addresses,
        macs,
        fc.constantFrom('answer', 'watch'),
        fc.nat({ max: 63 }),
        (interfaceIndex, address, mac, mode, slot) => {
          const answer = { interfaceIndex, address, mac, mode };
          const key = encodeAnswerKey(interfaceIndex, address);
          assert.deepEqual(decodeAnswer(key, encodeAnswer(mac, mode)), answer);
          assert.deepEqual(decodeInterface(encodeInterface({ slot, mac })), { slot, mac });
          assert.equal(decodeInterfaceKey(encodeInterfaceKey(interfaceIndex)), interfaceIndex);
          assert.equal(decodeOwnMac(encodeOwnMac(mac)), mac);
        },
      ),
    );
  });

  test('whatever the bytes, a record or a ProtocolError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        for (const decode of [
          decodeEvidence,
          decodeInterface,
          decodeInterfaceKey,
          decodeOwnMac,
          (each: Uint8Array) => decodeAnswer(each, encodeAnswer(mac, 'watch')),
          (each: Uint8Array) => decodeAnswer(encodeAnswerKey(1, ipv4), each),
        ]) {
          try {
            decode(bytes);
          } catch (error) {
            assert.ok(error instanceof ProtocolError);
          }
        }
      }),
    );
  });
});
