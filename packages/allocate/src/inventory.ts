import { addressToInteger, familyOf, type IpAddress, type IpFamily } from '@fairlead/ip';
import { foreignAddresses, matchesSelector } from '@fairlead/cluster';
import type { AddressPool, ClusterState, LoadBalancerService } from '@fairlead/cluster';
import { UsableRange } from './usable-range.ts';

/** A pool with its ranges as they can be used. */
export interface UsablePool {
  readonly pool: AddressPool;
  readonly ranges: readonly UsableRange[];
}

/** Why a pool gives a Service nothing. */
export type Refusal = 'namespace' | 'labels';

/** The label that Kubernetes puts on every namespace. */
const namespaceNameLabel = 'kubernetes.io/metadata.name';

/** The pools in the order in which they are used, and whom they admit. */
export class Inventory {
  /** By priority; of equal ones those with selectors first, then by name. */
  readonly pools: readonly UsablePool[];
  readonly #foreign: ReadonlyMap<IpAddress, string>;
  readonly #namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;

  constructor(state: ClusterState) {
    this.#foreign = new Map(
      foreignAddresses(state.nodes).map(({ address, owner }) => [address, owner]),
    );
    this.#namespaceLabels = new Map(
      state.namespaces?.map(({ name, labels }) => [name, labels] as const),
    );
    const foreign = { 4: this.#foreignIntegers(4), 6: this.#foreignIntegers(6) };
    this.pools = state.pools.toSorted(inOrderOfUse).map((pool) => ({
      pool,
      ranges: pool.ranges.map((range) => new UsableRange(pool, range, foreign[range.family])),
    }));
  }

  /** The range that holds the address. */
  rangeOf(family: IpFamily, integer: bigint): UsableRange | undefined {
    for (const { ranges } of this.pools) {
      const found = ranges.find((range) => range.family === family && range.contains(integer));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Which node, or gateway of one, has the address. */
  ownerOf(address: IpAddress): string | undefined {
    return this.#foreign.get(address);
  }

  /** Why the pool does not admit the Service; undefined where it does. */
  refusal(pool: AddressPool, service: LoadBalancerService): Refusal | undefined {
    if (!this.#admitsNamespace(pool, service.namespace)) return 'namespace';
    return matchesSelector(pool.serviceSelector, service.labels) ? undefined : 'labels';
  }

  #admitsNamespace({ namespaces, namespaceSelector }: AddressPool, namespace: string): boolean {
    if (namespaces.length === 0 && namespaceSelector === undefined) return true;
    if (namespaces.includes(namespace)) return true;
    if (namespaceSelector === undefined) return false;
    const labels = this.#namespaceLabels.get(namespace);
    return matchesSelector(namespaceSelector, { ...labels, [namespaceNameLabel]: namespace });
  }

  #foreignIntegers(family: IpFamily): ReadonlySet<bigint> {
    const ofFamily = [...this.#foreign.keys()].filter((address) => familyOf(address) === family);
    return new Set(ofFamily.map(addressToInteger));
  }
}

function inOrderOfUse(a: AddressPool, b: AddressPool): number {
  const byPriority = compare(a.priority ?? Infinity, b.priority ?? Infinity);
  return byPriority || compare(openness(a), openness(b)) || compare(a.name, b.name);
}

/** Pools that are meant for some come before those open to all. */
function openness({ namespaces, namespaceSelector, serviceSelector }: AddressPool): number {
  const open = namespaceSelector === undefined && serviceSelector === undefined;
  return open && namespaces.length === 0 ? 1 : 0;
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : Number(a > b);
}
