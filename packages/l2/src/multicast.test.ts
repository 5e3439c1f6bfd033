import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IpAddress } from '@fairlead/ip';
import { allNodesGroup, multicastMac } from './multicast.ts';

describe('multicastMac', () => {
  it('is 33:33 and the last four bytes of the group', () => {
    assert.equal(multicastMac(allNodesGroup), '33:33:00:00:00:01');
    assert.equal(multicastMac('ff02::1:ff0e:8c6c' as IpAddress), '33:33:ff:0e:8c:6c');
  });

  it('exists for IPv6 groups only', () => {
    for (const address of ['2001:db8::1', '224.0.0.1'] as IpAddress[]) {
      assert.throws(() => multicastMac(address), /an IPv6 group is wanted, not/u);
    }
  });
});
