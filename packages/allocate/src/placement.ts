import { addressFromInteger, type IpAddress, type IpFamily } from '@fairlead/ip';
import type { AllocatedAddress, Allocation, LoadBalancerService, Problem } from '@fairlead/cluster';
import type { Ledger, Place } from './ledger.ts';

/** What one Service has got so far. */
export class Placement {
  readonly service: LoadBalancerService;
  readonly problems: Problem[] = [];
  /** The families in which it shall have an address, the primary one first. */
  readonly wanted: readonly IpFamily[];
  readonly #ledger: Ledger;
  // No Map or Set: with thousands of Services these would be most of what a round leaves behind.
  readonly #held: Record<IpFamily, Place | undefined> = { 4: undefined, 6: undefined };
  readonly #blocked: Record<IpFamily, boolean> = { 4: false, 6: false };

  constructor(service: LoadBalancerService, ledger: Ledger) {
    this.service = service;
    this.#ledger = ledger;
    const { families, familyPolicy } = service;
    this.wanted = familyPolicy === 'SingleStack' ? families.slice(0, 1) : families;
  }

  /** Wanted families without an address for which any will do. */
  get open(): readonly IpFamily[] {
    if (this.isComplete) return [];
    return this.wanted.filter((family) => !this.has(family) && !this.#blocked[family]);
  }

  get isEmpty(): boolean {
    return !this.has(4) && !this.has(6);
  }

  get isComplete(): boolean {
    return this.wanted.every((family) => this.has(family));
  }

  has(family: IpFamily): boolean {
    return this.#held[family] !== undefined;
  }

  keeps(address: IpAddress): boolean {
    return this.#held[4]?.text === address || this.#held[6]?.text === address;
  }

  /** Takes the address unless somebody else's holding stands against it. */
  take(place: Place): boolean {
    if (this.#ledger.conflict(this.service, place) !== undefined) return false;
    this.#ledger.take(this.service, place);
    this.#held[place.range.family] = place;
    return true;
  }

  /** Lets others have it, whatever its status shows. */
  release(place: Place): void {
    this.#ledger.release(this.service, place);
    this.#held[place.range.family] = undefined;
  }

  /** No other address may take the place of one that was requested and refused. */
  block(...families: readonly IpFamily[]): void {
    for (const family of families) this.#blocked[family] = true;
  }

  releaseAll(): void {
    for (const family of [4, 6] as const) {
      const place = this.#held[family];
      if (place !== undefined && !place.isShown) this.#ledger.release(this.service, place);
      this.#held[family] = undefined;
    }
  }

  result(): Allocation {
    const addresses: AllocatedAddress[] = [];
    for (const family of this.wanted) {
      const place = this.#held[family];
      if (place === undefined) continue;
      const address = place.text ?? addressFromInteger(family, place.address);
      addresses.push({ address, pool: place.range.pool.name });
    }
    return { addresses, problems: this.problems };
  }
}
