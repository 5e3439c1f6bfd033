import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseAddress, type IpAddress } from './address.ts';
import { isLinkLocal, isMulticast, isUnspecified, solicitedNodeGroup } from './scope.ts';

describe('the scope of an address', () => {
  const scopes = { isLinkLocal, isMulticast, isUnspecified };
  const cases = {
    isLinkLocal: ['169.254.0.0', '169.254.255.255', 'fe80::', 'fe80::1', 'febf:ffff::1'],
    isMulticast: ['224.0.0.0', '239.255.255.255', 'ff00::', 'ff02::1', 'ffff::1'],
    isUnspecified: ['0.0.0.0', '::'],
    none: ['169.253.255.255', '169.255.0.0', '127.0.0.1', '223.255.255.255'].concat(
      ['240.0.0.0', '0.0.0.1', 'fe7f:ffff::', 'fec0::', 'feff::1', '::1', '2001:db8::1'],
      ['::ffff:127.0.0.1', '::ffff:169.254.0.1', '::ffff:224.0.0.1', '::ffff:0.0.0.0'],
    ),
  };
  for (const [expected, addresses] of Object.entries(cases)) {
    for (const text of addresses) {
      it(`${text}: ${expected}`, () => {
        const address = parseAddress(text);
        assert.ok(address);
        const found = Object.entries(scopes).flatMap(([name, is]) => (is(address) ? [name] : []));
        assert.deepEqual(found, expected === 'none' ? [] : [expected]);
      });
    }
  }
});

describe('solicitedNodeGroup', () => {
  it('is made of the last 24 bits', () => {
    // RFC 4291 §2.7.1.
    const example = '4037::1:800:200e:8c6c' as IpAddress;
    assert.equal(solicitedNodeGroup(example), 'ff02::1:ff0e:8c6c');
    assert.equal(solicitedNodeGroup('2001:db8::' as IpAddress), 'ff02::1:ff00:0');
  });

  it('is its own group', () => {
    assert.equal(solicitedNodeGroup('ff02::1:ff0e:8c6c' as IpAddress), 'ff02::1:ff0e:8c6c');
  });

  it('does not exist for IPv4', () => {
    assert.throws(() => solicitedNodeGroup('192.0.2.1' as IpAddress), /not 192\.0\.2\.1/u);
  });
});
