import {
  addressToInteger,
  familyOf,
  formatRange,
  rangesOverlap,
  type IpAddress,
} from '@fairlead/ip';
import { addressesOfNode } from '../node-addresses.ts';
import type { AddressPool, ClusterNode, PoolRange, Problem } from '../state.ts';

/**
 * Pools of which no two hold the same address: where they overlap, the earlier one in the list keeps the
 * addresses, and the later one has a problem. Inside a pool the same goes for its ranges.
 */
export function separatePools(pools: readonly AddressPool[]): {
  readonly pools: readonly AddressPool[];
  readonly problems: readonly Problem[];
} {
  const owned: { readonly pool: string; readonly range: PoolRange }[] = [];
  const problems: Problem[] = [];
  const separated = pools.map((pool) => {
    const ranges = pool.ranges.flatMap((range) => {
      const others = owned.filter((other) => rangesOverlap(other.range, range));
      const rest = others.reduce((parts, other) => subtract(parts, other.range), [range]);
      for (const other of others) problems.push(overlap(pool.name, range, other));
      owned.push(...rest.map((part) => ({ pool: pool.name, range: part })));
      return rest;
    });
    // A pool that keeps all it has stays the object it is.
    const whole =
      ranges.length === pool.ranges.length &&
      ranges.every((range, index) => range === pool.ranges[index]);
    return whole ? pool : { ...pool, ranges };
  });
  return { pools: separated, problems };
}

/** One problem for each range that holds addresses of nodes or their gateways. They are never given to a Service. */
export function nodeAddressProblems(
  pools: readonly AddressPool[],
  nodes: readonly ClusterNode[],
): Problem[] {
  const addresses = foreignAddresses(nodes).map(({ address, owner }) => ({
    address,
    owner,
    family: familyOf(address),
    integer: addressToInteger(address),
  }));
  return pools.flatMap((pool) =>
    pool.ranges.flatMap((range) => {
      const inside = addresses.filter(
        ({ family, integer }) =>
          family === range.family && range.first <= integer && integer <= range.last,
      );
      if (inside.length === 0) return [];
      const named = inside.slice(0, 3).map(({ address, owner }) => `${address} of ${owner}`);
      const more = inside.length > named.length ? ` and ${inside.length - named.length} more` : '';
      return [
        {
          object: `AddressPool/${pool.name}`,
          field: range.field,
          value: range.text,
          message: `Holds addresses that are in use: ${named.join(', ')}${more}. They are never given to a Service; take them out of the pool.`,
          reason: 'AddressInUse' as const,
        },
      ];
    }),
  );
}

/** Addresses that no Service may have, and whose they are; each once. */
export function foreignAddresses(
  nodes: readonly ClusterNode[],
): readonly { readonly address: IpAddress; readonly owner: string }[] {
  const owners = new Map<IpAddress, string>();
  for (const node of nodes) {
    for (const address of addressesOfNode(node)) owners.set(address, `Node/${node.name}`);
  }
  for (const { name, report } of nodes) {
    for (const gateway of report?.gateways ?? []) {
      if (!owners.has(gateway)) owners.set(gateway, `the gateway of Node/${name}`);
    }
  }
  return Array.from(owners, ([address, owner]) => ({ address, owner }));
}

function overlap(
  name: string,
  range: PoolRange,
  other: { readonly pool: string; readonly range: PoolRange },
): Problem {
  const shared = formatRange({
    family: range.family,
    first: range.first > other.range.first ? range.first : other.range.first,
    last: range.last < other.range.last ? range.last : other.range.last,
  });
  const owner =
    other.pool === name
      ? other.range.field
      : `AddressPool/${other.pool} (${other.range.text}), which came first and keeps them`;
  return {
    object: `AddressPool/${name}`,
    field: range.field,
    value: range.text,
    message: `Shares ${shared} with ${owner}. Take them out of one of the two.`,
    reason: 'Overlap',
  };
}

/** What is left of the ranges without another one. */
function subtract(ranges: readonly PoolRange[], taken: PoolRange): PoolRange[] {
  return ranges.flatMap((range) => {
    if (!rangesOverlap(range, taken)) return [range];
    const below = { ...range, last: taken.first - 1n };
    const above = { ...range, first: taken.last + 1n };
    return [below, above].filter(({ first, last }) => first <= last);
  });
}
