import { addressFromInteger, type IpFamily } from '@fairlead/ip';
import type { Allocation, LoadBalancerService, Problem } from '@fairlead/cluster';
import type { Ledger, Place } from './ledger.ts';

/** What one Service has got so far. */
export class Placement {
  readonly service: LoadBalancerService;
  readonly problems: Problem[] = [];
  readonly #ledger: Ledger;
  readonly #held = new Map<IpFamily, Place>();
  readonly #blocked = new Set<IpFamily>();

  constructor(service: LoadBalancerService, ledger: Ledger) {
    this.service = service;
    this.#ledger = ledger;
  }

  /** The families in which it shall have an address, the primary one first. */
  get wanted(): readonly IpFamily[] {
    const { families, familyPolicy } = this.service;
    return familyPolicy === 'SingleStack' ? families.slice(0, 1) : families;
  }

  /** Wanted families without an address for which any will do. */
  get open(): readonly IpFamily[] {
    return this.wanted.filter((family) => !this.#held.has(family) && !this.#blocked.has(family));
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  get isComplete(): boolean {
    return this.wanted.every((family) => this.#held.has(family));
  }

  has(family: IpFamily): boolean {
    return this.#held.has(family);
  }

  /** Takes the address unless somebody else's holding stands against it. */
  take(place: Place): boolean {
    if (this.#ledger.conflict(this.service, place) !== undefined) return false;
    this.#ledger.take(this.service, place);
    this.#held.set(place.range.family, place);
    return true;
  }

  /** No other address may take the place of one that was requested and refused. */
  block(...families: readonly IpFamily[]): void {
    for (const family of families) this.#blocked.add(family);
  }

  releaseAll(): void {
    for (const place of this.#held.values()) this.#ledger.release(this.service, place);
    this.#held.clear();
  }

  result(): Allocation {
    const places = this.wanted.flatMap((family) => this.#held.get(family) ?? []);
    return {
      addresses: places.map(({ range, address }) => ({
        address: addressFromInteger(range.family, address),
        pool: range.pool.name,
      })),
      problems: this.problems,
    };
  }
}
