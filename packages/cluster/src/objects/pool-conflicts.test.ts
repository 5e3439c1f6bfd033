import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { addressToInteger, parseAddress, type IpAddress } from '@fairlead/ip';
import type { AddressPool, NodeName } from '../state.ts';
import { nodeAddressProblems, separatePools } from './pool-conflicts.ts';

function ip(text: string): IpAddress {
  const address = parseAddress(text);
  assert.ok(address !== undefined, text);
  return address;
}

function poolOf(name: string, ranges: readonly (readonly [number, number])[]): AddressPool {
  return {
    name,
    ranges: ranges.map(([a, b], index) => ({
      family: 4,
      first: BigInt(Math.min(a, b)),
      last: BigInt(Math.max(a, b)),
      text: `${a}-${b}`,
      field: `spec.addresses[${index}]`,
    })),
    autoAssign: true,
    priority: undefined,
    namespaces: [],
    namespaceSelector: undefined,
    serviceSelector: undefined,
    skipEdges: false,
  };
}

function addressesOf({ ranges }: AddressPool): bigint[] {
  return ranges.flatMap(({ first, last }) =>
    Array.from({ length: Number(last - first) + 1 }, (_, index) => first + BigInt(index)),
  );
}

describe('pools that overlap', () => {
  it('leave the addresses to the first, which may split the second', () => {
    const { pools, problems } = separatePools([poolOf('a', [[4, 6]]), poolOf('b', [[0, 9]])]);
    assert.deepEqual(
      pools[1]?.ranges.map(({ first, last }) => [first, last]),
      [
        [0n, 3n],
        [7n, 9n],
      ],
    );
    assert.deepEqual(problems, [
      {
        object: 'AddressPool/b',
        field: 'spec.addresses[0]',
        value: '0-9',
        message:
          'Shares 0.0.0.4-0.0.0.6 with AddressPool/a (4-6), which came first and keeps them. Take them out of one of the two.',
        reason: 'Overlap',
      },
    ]);
  });

  it('together keep each address once, in the first pool that has it', () => {
    const ranges = fc.array(fc.tuple(fc.nat(40), fc.nat(40)), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(ranges, { maxLength: 4 }), (lists) => {
        const pools = lists.map((list, index) => poolOf(`p${index}`, list));
        const separated = separatePools(pools).pools;
        const owners = separated.flatMap((pool, index) =>
          addressesOf(pool).map((address) => [address, index] as const),
        );
        assert.equal(new Set(owners.map(([address]) => address)).size, owners.length);
        const expected = new Map<bigint, number>();
        for (const [index, pool] of pools.entries()) {
          for (const address of addressesOf(pool)) {
            if (!expected.has(address)) expected.set(address, index);
          }
        }
        assert.deepEqual(new Map(owners), expected);
      }),
    );
  });
});

it('addresses of nodes and of their gateways in a pool are told, each once', () => {
  const [a, b, gateway] = [ip('192.0.2.11'), ip('192.0.2.12'), ip('192.0.2.1')];
  const plain = { labels: {}, ready: true, excluded: false };
  const report = { interfaces: [], landing: true, gateways: [gateway, a], problems: [] };
  const nodes = [
    { ...plain, name: 'a' as NodeName, addresses: [a], report },
    { ...plain, name: 'b' as NodeName, addresses: [b], report },
  ];
  const first = addressToInteger(ip('192.0.2.0'));
  const [problem, ...more] = nodeAddressProblems(
    [poolOf('lan', [[Number(first), Number(first) + 255]])],
    nodes,
  );
  assert.deepEqual([problem?.reason, more], ['AddressInUse', []]);
  assert.match(
    problem?.message ?? '',
    /192\.0\.2\.11 of Node\/a, 192\.0\.2\.12 of Node\/b, 192\.0\.2\.1 of the gateway of Node\/a\. They/u,
  );
});
