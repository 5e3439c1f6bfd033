import { addressToInteger, familyOf, type IpAddress } from '@fairlead/ip';
import type { ServiceKey } from '@fairlead/cluster';
import type { Inventory } from './inventory.ts';
import type { Ledger, Place } from './ledger.ts';
import type { Placement } from './placement.ts';

/**
 * The addresses that the statuses of Services show, or may show by now. None of them is given to another Service,
 * also where its own gets others: the new status may be written late or never.
 */
export type Assigned = ReadonlyMap<ServiceKey, readonly IpAddress[]>;

/** Lets each Service keep what it has, where it can, and keeps from all others what it cannot. */
export function keepAssigned(
  placements: readonly Placement[],
  assigned: Assigned,
  inventory: Inventory,
  ledger: Ledger,
): void {
  const clashes: Clash[] = [];
  for (const placement of placements) {
    keep(placement, assigned.get(placement.service.key) ?? [], inventory, clashes);
  }
  settleClashes(clashes, placements);
  for (const placement of placements) {
    keepLostInName(placement, assigned.get(placement.service.key) ?? [], inventory, ledger);
  }
}

/** A Service that could keep an address, but for others that keep it and do not share it. */
interface Clash {
  readonly placement: Placement;
  readonly place: Place & { readonly text: IpAddress };
}

/** Keeps what the Service could be given now as well; edges of networks and pools without autoAssign too. */
function keep(
  placement: Placement,
  assigned: readonly IpAddress[],
  inventory: Inventory,
  clashes: Clash[],
): void {
  const { service } = placement;
  const integers = integersOf(assigned);
  for (const [index, address] of assigned.entries()) {
    const family = familyOf(address);
    const integer = integers[index] ?? addressToInteger(address);
    const range = inventory.rangeOf(family, integer);
    const requested = service.requestedAddresses.find((other) => familyOf(other) === family);
    const keeps =
      range !== undefined &&
      placement.open.includes(family) &&
      (requested ?? address) === address &&
      (service.requestedPool ?? range.pool.name) === range.pool.name &&
      inventory.refusal(range.pool, service) === undefined &&
      inventory.ownerOf(address) === undefined;
    if (!keeps) continue;
    const place = { range, address: integer, text: address, isShown: true };
    if (!placement.take(place)) clashes.push({ placement, place });
  }
}

/** Of those whose statuses show one address the most that can share it keep it, of equally many the oldest. */
function settleClashes(clashes: readonly Clash[], placements: readonly Placement[]): void {
  const places = new Map(clashes.map(({ place }) => [place.text, place]));
  for (const [text, place] of places) {
    const others = new Set(
      clashes.filter((clash) => clash.place.text === text).map(({ placement }) => placement),
    );
    const all = placements.filter(
      (one) => one.keeps(text) || (others.has(one) && !one.has(place.range.family)),
    );
    for (const one of all) one.release(place);
    const groups = Map.groupBy(all, ({ service }) => service.shareKey ?? service);
    const sets = Array.from(groups.values(), (group) => {
      const sharers = group.filter((one) => one.take(place));
      for (const one of sharers) one.release(place);
      return sharers;
    });
    const [most = []] = sets.toSorted((a, b) => b.length - a.length);
    for (const one of most) one.take(place);
  }
}

/** Once all have kept what they can: who still shares the address keeps it. */
function keepLostInName(
  placement: Placement,
  assigned: readonly IpAddress[],
  inventory: Inventory,
  ledger: Ledger,
): void {
  for (const text of assigned) {
    if (placement.keeps(text)) continue;
    const address = addressToInteger(text);
    const range = inventory.rangeOf(familyOf(text), address);
    if (range !== undefined) ledger.keepInName(placement.service, { range, address });
  }
}

/** A status that has not changed is the same object in every round, and reading its addresses is most of the work. */
function integersOf(addresses: readonly IpAddress[]): readonly bigint[] {
  return integers.getOrInsertComputed(addresses, (texts) => texts.map(addressToInteger));
}

const integers = new WeakMap<readonly IpAddress[], readonly bigint[]>();
