import assert from 'node:assert/strict';
import { BlockList } from 'node:net';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { addressBits, addressFromInteger, type IpAddress, type IpFamily } from './address.ts';
import {
  formatPrefix,
  hasHostBits,
  networkOf,
  parsePrefix,
  prefixContains,
  type Prefix,
} from './prefix.ts';

const integer = (family: IpFamily) =>
  fc.bigInt({ min: 0n, max: (1n << BigInt(addressBits(family))) - 1n });
const prefixes = fc.constantFrom<IpFamily>(4, 6).chain((family) =>
  fc
    .tuple(integer(family), fc.integer({ min: 0, max: addressBits(family) }))
    .map(([value, length]): Prefix => {
      return { family, address: addressFromInteger(family, value), length };
    }),
);

function prefixOf(text: string): Prefix {
  const prefix = parsePrefix(text);
  assert.ok(prefix, text);
  return prefix;
}

describe('parsePrefix', () => {
  it('keeps the address as it was written', () => {
    const prefix = prefixOf('192.0.2.7/24');
    assert.deepEqual(prefix, { family: 4, address: '192.0.2.7', length: 24 });
    assert.equal(hasHostBits(prefix), true);
    assert.equal(formatPrefix(networkOf(prefix)), '192.0.2.0/24');
  });

  it('reads the shortest and the longest', () => {
    assert.equal(prefixOf('0.0.0.0/0').length, 0);
    assert.equal(prefixOf('192.0.2.7/32').length, 32);
    assert.equal(prefixOf('::/0').length, 0);
    assert.equal(prefixOf('2001:DB8::1/128').address, '2001:db8::1');
  });

  const refused = [
    '',
    '/',
    '192.0.2.7',
    '192.0.2.7/',
    '/24',
    '192.0.2.7/33',
    '::/129',
    '192.0.2.7/024',
    '192.0.2.7/+24',
    '192.0.2.7/-1',
    '192.0.2.7/24.0',
    '192.0.2.7/24 ',
    '192.0.2.7 /24',
    '192.0.2.7/24/24',
    '192.0.2.7/255.255.255.0',
    '192.0.2/24',
    'fe80::%eth0/64',
  ];
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parsePrefix(text), undefined));
  }

  it('reads back what formatPrefix writes', () => {
    fc.assert(
      fc.property(prefixes, (prefix) => {
        assert.deepEqual(parsePrefix(formatPrefix(prefix)), prefix);
      }),
    );
  });
});

describe('a prefix', () => {
  it('contains its network and nothing else', () => {
    const prefix = prefixOf('192.0.2.7/24');
    assert.equal(prefixContains(prefix, '192.0.2.0' as IpAddress), true);
    assert.equal(prefixContains(prefix, '192.0.2.255' as IpAddress), true);
    assert.equal(prefixContains(prefix, '192.0.3.0' as IpAddress), false);
    assert.equal(prefixContains(prefix, '192.0.1.255' as IpAddress), false);
  });

  it('contains nothing of the other family', () => {
    assert.equal(prefixContains(prefixOf('::/0'), '192.0.2.1' as IpAddress), false);
    assert.equal(prefixContains(prefixOf('0.0.0.0/0'), '::1' as IpAddress), false);
    assert.equal(prefixContains(prefixOf('0.0.0.0/0'), '::ffff:1.2.3.4' as IpAddress), false);
  });

  it('agrees with node:net about what it contains', () => {
    const inside = prefixes.chain((prefix) =>
      fc.record({ prefix: fc.constant(prefix), value: integer(prefix.family), near: fc.boolean() }),
    );
    fc.assert(
      fc.property(inside, ({ prefix, value, near }) => {
        const family = prefix.family === 4 ? 'ipv4' : 'ipv6';
        const address = near ? prefix.address : addressFromInteger(prefix.family, value);
        const list = new BlockList();
        list.addSubnet(prefix.address, prefix.length, family);
        assert.equal(prefixContains(prefix, address), list.check(address, family));
      }),
    );
  });

  it('has a network without host bits that contains it', () => {
    fc.assert(
      fc.property(prefixes, (prefix) => {
        const network = networkOf(prefix);
        assert.equal(hasHostBits(network), false);
        assert.equal(hasHostBits(prefix), network.address !== prefix.address);
        assert.equal(prefixContains(network, prefix.address), true);
        assert.deepEqual(networkOf(network), network);
      }),
    );
  });
});
