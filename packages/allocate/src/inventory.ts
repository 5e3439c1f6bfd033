import { addressToInteger, familyOf, type IpAddress, type IpFamily } from '@fairlead/ip';
import { addressesOfNode, matchesSelector } from '@fairlead/cluster';
import type { AddressPool, ClusterState, LoadBalancerService, NodeName } from '@fairlead/cluster';
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
  readonly #nodeOfAddress: ReadonlyMap<IpAddress, NodeName>;
  readonly #namespaceLabels: ReadonlyMap<string, Readonly<Record<string, string>>>;

  constructor(state: ClusterState) {
    this.#nodeOfAddress = new Map(
      state.nodes.flatMap((node) =>
        addressesOfNode(node).map((address) => [address, node.name] as const),
      ),
    );
    this.#namespaceLabels = new Map(
      state.namespaces?.map(({ name, labels }) => [name, labels] as const),
    );
    const nodeAddresses = { 4: this.#nodeAddresses(4), 6: this.#nodeAddresses(6) };
    this.pools = state.pools.toSorted(inOrderOfUse).map((pool) => ({
      pool,
      ranges: pool.ranges.map((range) => new UsableRange(pool, range, nodeAddresses[range.family])),
    }));
  }

  /** The range that holds the address. */
  rangeOf(address: IpAddress): UsableRange | undefined {
    const family = familyOf(address);
    const integer = addressToInteger(address);
    for (const { ranges } of this.pools) {
      const found = ranges.find((range) => range.family === family && range.contains(integer));
      if (found !== undefined) return found;
    }
    return undefined;
  }

  nodeOf(address: IpAddress): NodeName | undefined {
    return this.#nodeOfAddress.get(address);
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

  #nodeAddresses(family: IpFamily): ReadonlySet<bigint> {
    const ofFamily = [...this.#nodeOfAddress.keys()].filter(
      (address) => familyOf(address) === family,
    );
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
