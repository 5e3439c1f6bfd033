import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  addressBits,
  addressFromBytes,
  addressFromInteger,
  addressFromMappedBytes,
  addressToBytes,
  addressToInteger,
  addressToMappedBytes,
  familyOf,
  parseAddress,
  type IpAddress,
} from './address.ts';

const ipv4Bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Rich in zero groups, where the canonical form has its rules. */
const ipv6Bytes = fc
  .array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
    minLength: 8,
    maxLength: 8,
  })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff])));
const anyBytes = fc.oneof(ipv4Bytes, ipv6Bytes);

describe('an address', () => {
  it('is its canonical text', () => {
    assert.equal(parseAddress('2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
    const services = new Map([[parseAddress('2001:DB8::1'), 'web']]);
    assert.equal(services.get(parseAddress('2001:db8::0001')), 'web');
  });

  it('knows its family, its bytes and its integer', () => {
    const address = '192.0.2.1' as IpAddress;
    assert.equal(familyOf(address), 4);
    assert.equal(addressBits(4), 32);
    assert.deepEqual(addressToBytes(address), Uint8Array.of(192, 0, 2, 1));
    assert.equal(addressToInteger(address), 0xc0000201n);
    assert.equal(addressFromInteger(4, 0xc0000202n), '192.0.2.2');
    assert.equal(addressFromInteger(6, 1n), '::1');
    assert.equal(familyOf('::1' as IpAddress), 6);
    assert.equal(addressBits(6), 128);
  });
});

describe('parseAddress', () => {
  const canonical = {
    // RFC 5952 §1 and §4, each rule with its examples.
    '2001:0db8::0001': '2001:db8::1',
    '2001:db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
    '2001:0db8:0:0:1:0:0:1': '2001:db8::1:0:0:1',
    '2001:db8::1:0:0:1': '2001:db8::1:0:0:1',
    '2001:db8::0:1:0:0:1': '2001:db8::1:0:0:1',
    '2001:0db8::1:0:0:1': '2001:db8::1:0:0:1',
    '2001:db8:0:0:1::1': '2001:db8::1:0:0:1',
    '2001:DB8:0:0:1::1': '2001:db8::1:0:0:1',
    '2001:db8:0:0:0:0:2:1': '2001:db8::2:1',
    '2001:db8::1:1:1:1:1': '2001:db8:0:1:1:1:1:1',
    '2001:0:0:1:0:0:0:1': '2001:0:0:1::1',
    '2001:db8:AaAa::': '2001:db8:aaaa::',
    '0:0:0:0:0:0:0:0': '::',
    '1:0:0:0:0:0:0:0': '1::',
    '0:0:0:0:0:0:0:1': '::1',
    '1:2:3:4:5:6:7::': '1:2:3:4:5:6:7:0',
    '::2:3:4:5:6:7:8': '0:2:3:4:5:6:7:8',
    // RFC 4291 §2.2 (3) and RFC 5952 §5.
    '::13.1.68.3': '::d01:4403',
    '::FFFF:129.144.52.38': '::ffff:129.144.52.38',
    '::ffff:8190:3426': '::ffff:129.144.52.38',
    '::fffe:129.144.52.38': '::fffe:8190:3426',
    '100::ffff:8190:3426': '100::ffff:8190:3426',
    '::1:ffff:8190:3426': '::1:ffff:8190:3426',
    '::ff:8190:3426': '::ff:8190:3426',
    // As long as an address can be written.
    'FFFF:FFFF:FFFF:FFFF:FFFF:FFFF:255.255.255.255': 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    '64:ff9b::192.0.2.33': '64:ff9b::c000:221',
    '1:2:3:4:5:6:192.0.2.33': '1:2:3:4:5:6:c000:221',
    '0.0.0.0': '0.0.0.0',
    '255.255.255.255': '255.255.255.255',
  };
  for (const [text, expected] of Object.entries(canonical)) {
    it(`reads ${text} as ${expected}`, () => assert.equal(parseAddress(text), expected));
  }

  const refused = [
    '',
    ' ',
    '192.0.2',
    '192.0.2.1.1',
    '192.0.2.256',
    '192.0.2.01',
    '192.0.2.00',
    '0300.0.2.1',
    '0xc0.0.2.1',
    '192.0.2.-1',
    '192.0.2.1 ',
    ' 192.0.2.1',
    '192.0.2.1\n',
    '192.0.2.1/24',
    '3221225985',
    '١٩٢.0.2.1',
    ':',
    ':::',
    '::1::',
    '1::2::3',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '::1:2:3:4:5:6:7:8',
    '00001::',
    'g::',
    '[::1]',
    'fe80::1%eth0',
    '::1.2.3',
    '::1.2.3.04',
    '::1.2.3.4:5',
    '1.2.3.4::',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::ffff:1.2.3.4/96',
    `${'0'.repeat(100_000)}::`,
    ':'.repeat(100_000),
  ];
  for (const text of refused) {
    const shown = JSON.stringify(text.slice(0, 40));
    it(`refuses ${shown}`, () => assert.equal(parseAddress(text), undefined));
  }

  it('accepts exactly what inet_pton does', () => {
    const piece = fc.constantFrom(
      '0',
      '1',
      '9',
      '25',
      '255',
      '256',
      'a',
      'F',
      ':',
      '::',
      '.',
      'ff',
    );
    const text = fc.array(piece, { maxLength: 18 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, (candidate) => {
        assert.equal(parseAddress(candidate) !== undefined, isIP(candidate) !== 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('writes IPv6 as the URL standard does', () => {
    fc.assert(
      fc.property(ipv6Bytes, (bytes) => {
        const address = addressFromBytes(bytes);
        // The URL standard has no mixed notation.
        fc.pre(!address.includes('.'));
        assert.equal(`[${address}]`, new URL(`http://[${address}]/`).hostname);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('forms of an address', () => {
  it('lead from each to each other and back', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const address = addressFromBytes(bytes);
        assert.equal(parseAddress(address), address);
        assert.deepEqual(addressToBytes(address), bytes);
        assert.equal(familyOf(address), bytes.length === 4 ? 4 : 6);
        const integer = addressToInteger(address);
        assert.equal(addressFromInteger(familyOf(address), integer), address);
      }),
      { numRuns: 1000 },
    );
  });

  it('order integers as bytes', () => {
    fc.assert(
      fc.property(ipv6Bytes, ipv6Bytes, (a, b) => {
        const byInteger =
          addressToInteger(addressFromBytes(a)) < addressToInteger(addressFromBytes(b));
        assert.equal(byInteger, Buffer.compare(a, b) < 0);
      }),
    );
  });

  it('put IPv4 into 16 bytes as IPv4-mapped, and IPv6 as it is', () => {
    assert.deepEqual(
      addressToMappedBytes('192.0.2.1' as IpAddress),
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1),
    );
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        const address = addressFromBytes(bytes);
        const mapped = addressToMappedBytes(address);
        assert.equal(mapped.length, 16);
        const read = addressFromMappedBytes(mapped);
        // Only with a dotted quad: `::ffff:0:1:0:0:1` begins alike and is not IPv4-mapped.
        const isMapped = address.startsWith('::ffff:') && address.includes('.');
        assert.equal(read, isMapped ? address.slice(7) : address);
      }),
    );
  });

  it('are read from a part of a larger buffer', () => {
    const buffer = Buffer.from('ffff20010db8000000000000000000000001ffff', 'hex');
    assert.equal(addressFromBytes(buffer.subarray(2, 18)), '2001:db8::1');
  });

  it('refuse what is no address', () => {
    assert.throws(() => addressFromBytes(new Uint8Array(5)), /4 or 16 bytes, not 5/u);
    assert.throws(() => addressFromMappedBytes(new Uint8Array(4)), /16 bytes, not 4/u);
    assert.throws(() => addressFromInteger(4, 2n ** 32n), /not 4294967296/u);
    assert.throws(() => addressFromInteger(6, 2n ** 128n), RangeError);
    assert.throws(() => addressFromInteger(6, -1n), /not -1/u);
    assert.throws(() => addressToBytes('bogus' as IpAddress), /not an IP address: "bogus"/u);
  });
});
