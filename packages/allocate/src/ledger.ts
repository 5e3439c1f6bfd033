import { addressToInteger, familyOf, type IpAddress, type IpFamily } from '@fairlead/ip';
import type { LoadBalancerService, ServiceKey, ServicePort } from '@fairlead/cluster';
import type { UsableRange } from './usable-range.ts';

/** An address in a range. */
export interface Place {
  readonly range: UsableRange;
  readonly address: bigint;
  /** The address as text, where it is at hand: making it anew for each Service would cost most of a round. */
  readonly text?: IpAddress;
  /** The status of the Service shows it: it stays in the Service's name also where it gets another one. */
  readonly isShown?: boolean;
}

/** Who holds an address: a Service, or what has to be known of one that is not served. */
export type Holder = Pick<LoadBalancerService, 'key' | 'shareKey' | 'ports'>;

/** Addresses that were freed a short time ago, and by whom: nobody else gets them unasked. */
export type Cooling = ReadonlyMap<IpAddress, ServiceKey>;

/** Why a Service cannot have an address that another one holds. */
export type Conflict =
  | { readonly kind: 'taken'; readonly holder: Holder }
  | {
      readonly kind: 'same-port';
      readonly holder: Holder;
      readonly port: ServicePort;
    };

interface Holding {
  readonly place: Place;
  readonly holders: Holder[];
}

/** Who holds which address. */
export class Ledger {
  readonly #holdings: Readonly<Record<IpFamily, Map<bigint, Holding>>> = {
    4: new Map(),
    6: new Map(),
  };
  /** How many addresses that a range can give away are held. */
  readonly #taken = new Map<UsableRange, number>();
  readonly #byShareKey = new Map<string, Set<Holding>>();
  readonly #cooling: Readonly<Record<IpFamily, Map<bigint, ServiceKey>>> = {
    4: new Map(),
    6: new Map(),
  };

  constructor(cooling: Cooling = new Map()) {
    for (const [address, key] of cooling) {
      this.#cooling[familyOf(address)].set(addressToInteger(address), key);
    }
  }

  /** Whether the Service may have the address unasked. */
  isFree({ range, address }: Place, { key }: Pick<Holder, 'key'>): boolean {
    const holding = this.#holdings[range.family].get(address);
    if (holding?.holders.some((holder) => holder.key !== key)) return false;
    if (range.isExcluded(address)) return false;
    return (this.#cooling[range.family].get(address) ?? key) === key;
  }

  isHeld({ range, address }: Place): boolean {
    return this.#holdings[range.family].has(address);
  }

  /**
   * The first free address from this place on, to the end of its range and then from its beginning. Each
   * step passes an address that cannot be had, so it is quick in a range of any size.
   */
  nextFree({ range, address: start }: Place, service: Pick<Holder, 'key'>): Place | undefined {
    if (BigInt(this.#taken.get(range) ?? 0) >= range.capacity) return undefined;
    const excluded = range.size - range.capacity;
    const cannotBeHad = this.#holdings[range.family].size + this.#cooling[range.family].size;
    const mostSteps = BigInt(cannotBeHad) + excluded + 1n;
    let address = start;
    for (let step = 0n; step < mostSteps; step++) {
      if (this.isFree({ range, address }, service)) return { range, address };
      address = address === range.last ? range.first : address + 1n;
    }
    return undefined;
  }

  /**
   * Why the Service cannot join those that hold the address. Holders share one if all have the same share
   * key and no two the same port and protocol. Their traffic policies and pods may differ: whichever node
   * answers, packets are handed to a node with a pod of the right one.
   */
  conflict(service: Holder, { range, address }: Place): Conflict | undefined {
    const holding = this.#holdings[range.family].get(address);
    if (holding === undefined) return undefined;
    for (const holder of holding.holders) {
      if (holder.key === service.key) continue;
      if (service.shareKey === undefined || service.shareKey !== holder.shareKey) {
        return { kind: 'taken', holder };
      }
      const port = holder.ports.find((theirs) =>
        service.ports.some(
          (ours) => ours.port === theirs.port && ours.protocol === theirs.protocol,
        ),
      );
      if (port !== undefined) return { kind: 'same-port', holder, port };
    }
    return undefined;
  }

  /** Addresses of the family that Services with this share key hold, the first taken first. */
  shared(shareKey: string, family: IpFamily): readonly Place[] {
    return [...(this.#byShareKey.get(shareKey) ?? [])]
      .map(({ place }) => place)
      .filter(({ range }) => range.family === family);
  }

  /** The caller has made sure that there is no conflict. */
  take(service: Holder, place: Place): void {
    const holding = this.#hold(service, place);
    if (service.shareKey === undefined) return;
    const sharing = this.#byShareKey.get(service.shareKey) ?? new Set();
    this.#byShareKey.set(service.shareKey, sharing.add(holding));
  }

  /** What the Service loses stays in its name, but is no reason to join it there. */
  keepInName(service: Holder, place: Place): void {
    this.#hold(service, place);
  }

  release(service: Holder, place: Place): void {
    const holdings = this.#holdings[place.range.family];
    const holding = holdings.get(place.address);
    const index = holding?.holders.indexOf(service) ?? -1;
    if (holding === undefined || index < 0) return;
    holding.holders.splice(index, 1);
    if (holding.holders.length > 0) return;
    holdings.delete(place.address);
    this.#count(place, -1);
    if (service.shareKey !== undefined) this.#byShareKey.get(service.shareKey)?.delete(holding);
  }

  #hold(service: Holder, place: Place): Holding {
    const holdings = this.#holdings[place.range.family];
    const present = holdings.get(place.address);
    if (present !== undefined) {
      present.holders.push(service);
      return present;
    }
    const holding: Holding = { place, holders: [service] };
    holdings.set(place.address, holding);
    this.#count(place, 1);
    return holding;
  }

  /** An excluded address may still be held from before it was; it is no part of the capacity. */
  #count({ range, address }: Place, change: 1 | -1): void {
    if (range.isExcluded(address)) return;
    this.#taken.set(range, (this.#taken.get(range) ?? 0) + change);
  }
}
