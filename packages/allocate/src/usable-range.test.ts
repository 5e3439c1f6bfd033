import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressToInteger } from '@fairlead/ip';
import * as fc from 'fast-check';
import { ip, pool } from './testing/sample-state.ts';
import { UsableRange } from './usable-range.ts';

function rangeOf(text: string, skipEdges: boolean, ...nodes: readonly string[]): UsableRange {
  const { ranges, ...rest } = pool('lan', [text], { skipEdges });
  assert.ok(ranges[0] !== undefined);
  const nodeAddresses = new Set(nodes.map((address) => addressToInteger(ip(address))));
  return new UsableRange({ ranges, ...rest }, ranges[0], nodeAddresses);
}

const excludedIn = (range: UsableRange, ...addresses: readonly string[]) =>
  addresses.filter((address) => range.isExcluded(addressToInteger(ip(address))));

describe('a range of a pool', () => {
  it('never gives away the address of a node', () => {
    const range = rangeOf('192.0.2.0/30', false, '192.0.2.2', '192.0.2.200');
    assert.equal(range.capacity, 3n);
    assert.deepEqual(excludedIn(range, '192.0.2.0', '192.0.2.2'), ['192.0.2.2']);
  });

  it('leaves the edges of networks alone where the pool says so', () => {
    const range = rangeOf('192.0.2.64/26', true);
    assert.equal(range.capacity, 62n);
    const addresses = ['192.0.2.64', '192.0.2.65', '192.0.2.126', '192.0.2.127'];
    assert.deepEqual(excludedIn(range, ...addresses), ['192.0.2.64', '192.0.2.127']);
    assert.equal(rangeOf('192.0.2.64/26', false).capacity, 64n);
  });

  it('leaves .0 and .255 alone in the middle of a range as well', () => {
    const range = rangeOf('192.0.2.250-192.0.3.5', true, '192.0.2.255', '192.0.3.1');
    assert.equal(range.capacity, 12n - 2n - 1n);
    const addresses = ['192.0.2.250', '192.0.2.255', '192.0.3.0', '192.0.3.1', '192.0.3.5'];
    assert.deepEqual(excludedIn(range, ...addresses), ['192.0.2.255', '192.0.3.0', '192.0.3.1']);
  });

  it('leaves the ends of an IPv6 network alone, and nothing else of it', () => {
    const range = rangeOf('2001:db8::/64', true);
    assert.equal(range.capacity, 2n ** 64n - 2n);
    assert.deepEqual(excludedIn(range, '2001:db8::', '2001:db8::ff', '2001:db8::1:0'), [
      '2001:db8::',
    ]);
  });

  it('counts what it can give away as one would by hand', () => {
    const texts = fc.oneof(
      fc
        .tuple(fc.nat(2000), fc.nat(2000))
        .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const)
        .map(
          ([first, last]) => `10.0.${first >> 8}.${first & 255}-10.0.${last >> 8}.${last & 255}`,
        ),
      fc.integer({ min: 20, max: 32 }).map((length) => `10.0.0.0/${length}`),
    );
    const nodes = fc.array(fc.nat(2000).map((n) => `10.0.${n >> 8}.${n & 255}`));
    fc.assert(
      fc.property(texts, fc.boolean(), nodes, (text, skipEdges, addresses) => {
        const range = rangeOf(text, skipEdges, ...addresses);
        let count = 0n;
        for (let address = range.first; address <= range.last; address++) {
          if (!range.isExcluded(address)) count++;
        }
        assert.equal(range.capacity, count);
      }),
      { numRuns: 30 },
    );
  });
});
