import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { addressFromInteger, type IpAddress } from './address.ts';
import { parsePrefix } from './prefix.ts';
import {
  formatRange,
  parseRange,
  prefixRange,
  rangeContains,
  rangesOverlap,
  rangeSize,
  type AddressRange,
} from './range.ts';

function rangeOf(text: string): AddressRange {
  const result = parseRange(text);
  assert.ok(result.ok, text);
  return result.range;
}

describe('parseRange', () => {
  it('reads a network', () => {
    assert.deepEqual(rangeOf('192.0.2.0/24'), { family: 4, first: 0xc0000200n, last: 0xc00002ffn });
  });

  it('reads a range, both ends included', () => {
    const range = rangeOf('192.0.2.10-192.0.2.20');
    assert.equal(rangeSize(range), 11n);
    assert.deepEqual(rangeOf('192.0.2.10 - 192.0.2.20'), range);
    assert.equal(rangeContains(range, '192.0.2.10' as IpAddress), true);
    assert.equal(rangeContains(range, '192.0.2.20' as IpAddress), true);
    assert.equal(rangeContains(range, '192.0.2.9' as IpAddress), false);
    assert.equal(rangeContains(range, '192.0.2.21' as IpAddress), false);
    assert.equal(rangeContains(range, '::c000:20a' as IpAddress), false);
  });

  it('reads ranges of any size at the same cost', () => {
    assert.equal(rangeSize(rangeOf('2001:db8::/64')), 2n ** 64n);
    assert.equal(rangeSize(rangeOf('::/0')), 2n ** 128n);
    assert.equal(rangeSize(rangeOf('192.0.2.1/32')), 1n);
    assert.equal(rangeSize(rangeOf('2001:db8::5-2001:db8::5')), 1n);
  });

  const refused = [
    [
      '192.0.2.20-192.0.2.10',
      'inverted',
      '192.0.2.20 is behind 192.0.2.10; write 192.0.2.10-192.0.2.20',
    ],
    [
      '192.0.2.1/24',
      'host-bits',
      '192.0.2.1/24 has bits set behind its prefix length; the network is 192.0.2.0/24',
    ],
    [
      '2001:db8::1/64',
      'host-bits',
      '2001:db8::1/64 has bits set behind its prefix length; the network is 2001:db8::/64',
    ],
    [
      '192.0.2.1-2001:db8::1',
      'mixed-families',
      '192.0.2.1 is IPv4 and 2001:db8::1 is not; a range has one family',
    ],
    ['192.0.2.1', 'malformed', '"192.0.2.1" is a single address; write 192.0.2.1/32'],
    ['2001:DB8::1', 'malformed', '"2001:DB8::1" is a single address; write 2001:db8::1/128'],
    ['192.0.2.1-20', 'malformed', '"20" is not an IP address'],
    ['192.0.2.256-192.0.2.20', 'malformed', '"192.0.2.256" is not an IP address'],
    [
      '192.0.2.0/33',
      'malformed',
      '"192.0.2.0/33" is neither a network such as 192.0.2.0/24 nor a range such as 192.0.2.10-192.0.2.20',
    ],
  ] as const;
  for (const [text, reason, detail] of refused) {
    it(`refuses ${text}: ${reason}`, () => {
      assert.deepEqual(parseRange(text), { ok: false, reason, detail });
    });
  }
  const malformed = [
    '',
    '-',
    '192.0.2.1-',
    '-192.0.2.1',
    '192.0.2.1-192.0.2.2-192.0.2.3',
    '192.0.2.0/24-192.0.3.0/24',
    ' 192.0.2.0/24',
    '192.0.2.1,192.0.2.2',
    '192.0.2.1\n-\n192.0.2.2',
  ];
  for (const text of malformed) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const result = parseRange(text);
      assert.equal(!result.ok && result.reason, 'malformed');
    });
  }

  it('reads back what formatRange writes', () => {
    assert.equal(formatRange(rangeOf('192.0.2.0/24')), '192.0.2.0-192.0.2.255');
    assert.equal(formatRange(rangeOf('2001:db8::1/128')), '2001:db8::1');
    const ends = fc.tuple(fc.bigInt(0n, 2n ** 128n - 1n), fc.bigInt(0n, 2n ** 128n - 1n));
    fc.assert(
      fc.property(ends, ([a, b]) => {
        fc.pre(a !== b);
        const range: AddressRange = { family: 6, first: a < b ? a : b, last: a < b ? b : a };
        assert.deepEqual(rangeOf(formatRange(range)), range);
      }),
    );
  });
});

describe('ranges', () => {
  const small = fc
    .tuple(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 20 }))
    .map(([a, b]): AddressRange => {
      return { family: 4, first: BigInt(Math.min(a, b)), last: BigInt(Math.max(a, b)) };
    });
  const addresses = Array.from({ length: 22 }, (_, value) => addressFromInteger(4, BigInt(value)));

  it('overlap exactly if they have an address in common', () => {
    fc.assert(
      fc.property(small, small, (a, b) => {
        const common = addresses.some((each) => rangeContains(a, each) && rangeContains(b, each));
        assert.equal(rangesOverlap(a, b), common);
        assert.equal(rangesOverlap(b, a), common);
        assert.equal(rangesOverlap(a, { ...b, family: 6 }), false);
        assert.equal(
          addresses.filter((each) => rangeContains(a, each)).length,
          Number(rangeSize(a)),
        );
      }),
    );
  });

  it('of a prefix ignore its host bits', () => {
    const prefix = parsePrefix('192.0.2.7/30');
    assert.ok(prefix);
    assert.equal(formatRange(prefixRange(prefix)), '192.0.2.4-192.0.2.7');
  });
});
