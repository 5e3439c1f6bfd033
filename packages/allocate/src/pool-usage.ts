import { addressToInteger, familyOf, type IpFamily } from '@fairlead/ip';
import type { Allocations, ClusterState } from '@fairlead/cluster';
import type { Assigned } from './keep-assigned.ts';
import { Inventory } from './inventory.ts';

/** How many addresses of one family a pool has. */
export interface Usage {
  /** Those that it can give away: without addresses of nodes, and edges where it leaves them alone. */
  readonly total: bigint;
  /** Held; one that is shared counts once. */
  readonly used: number;
}

/** Usage by family; undefined where the pool has no range of it. */
export type PoolUsage = Readonly<Record<IpFamily, Usage | undefined>>;

/** How full each pool is, by its name. `reserved` as it was given to `allocate`. */
export function poolUsages(
  state: ClusterState,
  allocations: Allocations,
  reserved: Assigned = new Map(),
): ReadonlyMap<string, PoolUsage> {
  const inventory = new Inventory(state);
  const held = new Map(state.pools.map(({ name }) => [name, { 4: new Set(), 6: new Set() }]));
  for (const { addresses } of allocations.values()) {
    for (const { address, pool } of addresses) held.get(pool)?.[familyOf(address)].add(address);
  }
  for (const address of [...reserved.values()].flat()) {
    const family = familyOf(address);
    const range = inventory.rangeOf(family, addressToInteger(address));
    if (range !== undefined) held.get(range.pool.name)?.[family].add(address);
  }
  return new Map(
    inventory.pools.map(({ pool, ranges }) => {
      const usage = (family: IpFamily): Usage | undefined => {
        const ofFamily = ranges.filter((range) => range.family === family);
        if (ofFamily.length === 0) return undefined;
        const total = ofFamily.reduce((sum, { capacity }) => sum + capacity, 0n);
        return { total, used: held.get(pool.name)?.[family].size ?? 0 };
      };
      return [pool.name, { 4: usage(4), 6: usage(6) }];
    }),
  );
}
