import { formatPrefix, prefixContains, type Prefix } from '@fairlead/ip';
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { allowedSources } from './source-prefixes.ts';
import { address, prefix } from './testing/example-cluster.ts';

function allowed(family: 4 | 6, ...ranges: readonly string[]): readonly string[] | undefined {
  return allowedSources(ranges.map(prefix), family)?.map(formatPrefix);
}

suite('source ranges', () => {
  test('host bits are cleared; what lies inside another or is said twice is left out', () => {
    assert.deepEqual(
      allowed(4, '192.0.2.77/24', '192.0.2.4/32', '10.0.0.0/8', '192.0.2.0/24', '2001:db8::/32'),
      ['10.0.0.0/8', '192.0.2.0/24'],
    );
    assert.deepEqual(allowed(6, '2001:db8::7/32', '10.0.0.0/8'), ['2001:db8::/32']);
  });

  test('as with kube-proxy, a family that is not mentioned and one with /0 are open', () => {
    assert.equal(allowed(4), undefined);
    assert.equal(allowed(6, '10.0.0.0/8'), undefined);
    assert.equal(allowed(4, '10.0.0.0/8', '0.0.0.0/0'), undefined);
    assert.equal(allowed(6, '::/0', 'fd00::/8'), undefined);
  });

  test('they let in exactly whom the list lets in', () => {
    const octet = fc.integer({ min: 0, max: 3 });
    const range = fc
      .record({ a: octet, b: octet, length: fc.integer({ min: 1, max: 32 }) })
      .map(({ a, b, length }): Prefix => prefix(`${a}.0.0.${b}/${length}`));
    fc.assert(
      fc.property(fc.array(range), octet, octet, (ranges, a, b) => {
        const client = address(`${a}.0.0.${b}`);
        const listed = ranges.length === 0 || ranges.some((each) => prefixContains(each, client));
        const networks = allowedSources(ranges, 4);
        const allows = networks?.some((each) => prefixContains(each, client)) ?? true;
        assert.equal(allows, listed);
      }),
    );
  });
});
