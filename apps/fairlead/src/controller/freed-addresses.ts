import type { Cooling } from '@fairlead/allocate';
import type { AddressPool, ClusterState, ServiceKey } from '@fairlead/cluster';
import { rangeContains, type IpAddress } from '@fairlead/ip';

type Held = ReadonlyMap<ServiceKey, readonly IpAddress[]>;

/**
 * Addresses that Services have given back, for as long as their pools keep them from others (`reuseAfter`).
 * Times are of one clock, ms.
 */
export class FreedAddresses {
  readonly #freed = new Map<IpAddress, { readonly key: ServiceKey; readonly untilMs: number }>();
  #held: Held = new Map();

  /** What is kept from others now. Services that are gone count at once. */
  cooling({ services, unservedServices = [], pools }: ClusterState, nowMs: number): Cooling {
    for (const [address, { untilMs }] of this.#freed) {
      if (untilMs <= nowMs) this.#freed.delete(address);
    }
    const cools = pools.filter(({ reuseAfterMs = 0 }) => reuseAfterMs > 0);
    if (cools.length > 0) {
      const present = new Set([...services, ...unservedServices].map(({ key }) => key));
      for (const [key, addresses] of this.#held) {
        if (!present.has(key)) this.#free(key, addresses, cools, nowMs);
      }
    }
    return new Map(Array.from(this.#freed, ([address, { key }]) => [address, key]));
  }

  /** After a round: who holds what. */
  update(held: Held, pools: readonly AddressPool[], nowMs: number): void {
    const cools = pools.filter(({ reuseAfterMs = 0 }) => reuseAfterMs > 0);
    if (cools.length > 0) {
      const inUse = new Set([...held.values()].flat());
      for (const [key, addresses] of this.#held) {
        const gone = addresses.filter((address) => !inUse.has(address));
        if (gone.length > 0) this.#free(key, gone, cools, nowMs);
      }
      for (const address of inUse) this.#freed.delete(address);
    }
    this.#held = held;
  }

  /** When the next one may be given to others; undefined where none waits. */
  get nextMs(): number | undefined {
    const times = Array.from(this.#freed.values(), ({ untilMs }) => untilMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #free(
    key: ServiceKey,
    addresses: readonly IpAddress[],
    pools: readonly AddressPool[],
    nowMs: number,
  ): void {
    for (const address of addresses) {
      const pool = pools.find(({ ranges }) =>
        ranges.some((range) => rangeContains(range, address)),
      );
      if (pool === undefined || this.#freed.has(address)) continue;
      this.#freed.set(address, { key, untilMs: nowMs + (pool.reuseAfterMs ?? 0) });
    }
  }
}
