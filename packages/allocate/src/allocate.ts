import { addressToInteger, familyOf, type IpFamily } from '@fairlead/ip';
import type { Allocations, ClusterState } from '@fairlead/cluster';
import { homesOf } from './home.ts';
import { Inventory } from './inventory.ts';
import { keepAssigned, type Assigned } from './keep-assigned.ts';
import { Ledger, type Cooling } from './ledger.ts';
import { Placement } from './placement.ts';
import { bothOrNone, familyProblem } from './problems.ts';
import { grantRequests } from './requests.ts';
import type { UsableRange } from './usable-range.ts';

/** Addresses that nobody gets for another reason than that a Service of the state holds them. */
export interface Withheld {
  /** Of Services that are not served. */
  readonly reserved?: Assigned;
  /** Freed a short time ago. Who had one gets it back, and who requests one gets it. */
  readonly cooling?: Cooling;
}

/**
 * Gives each Service its addresses. Pure: the same state and the same `assigned` give the same result
 * everywhere.
 *
 * In this order, each step for all Services in the order of the state:
 * 1. What is assigned stays, as long as a pool that admits the Service holds it. What is reserved follows.
 * 2. Requested addresses.
 * 3. Homes: where a Service wants to live by its name. The first who wants an address gets it.
 * 4. Who found its home taken takes the next free address behind it, then those of the other pools.
 *
 * So a Service at its home moves only if one that comes before it in the order, or requests its address,
 * wants the same. Only those of step 4 can move for another reason: when an address between their home
 * and them becomes free, or when theirs becomes somebody's home.
 */
export function allocate(
  state: ClusterState,
  assigned: Assigned = new Map(),
  { reserved = new Map(), cooling }: Withheld = {},
): Allocations {
  const inventory = new Inventory(state);
  const ledger = new Ledger(cooling);
  const placements = state.services.map((service) => new Placement(service, ledger));

  keepAssigned(placements, assigned, inventory, ledger);
  reserve(reserved, inventory, ledger);
  for (const placement of placements) {
    request(placement, inventory, ledger);
  }
  for (const placement of placements) {
    if (placement.isComplete) continue;
    for (const family of placement.open) settleAtHome(placement, family, inventory, ledger);
  }
  // Who holds one address of two goes first: it completes its pair, or lets go for the others.
  const letGo = new Set<Placement>();
  for (const placement of placements) {
    if (!requiresBoth(placement) || placement.isEmpty || placement.isComplete) continue;
    for (const family of placement.open) settleAnywhere(placement, family, inventory, ledger);
    if (placement.isComplete) continue;
    placement.releaseAll();
    letGo.add(placement);
  }
  for (const placement of placements) {
    if (letGo.has(placement)) request(placement, inventory, ledger);
    for (const family of placement.open) settleAnywhere(placement, family, inventory, ledger);
    explain(placement, inventory);
  }
  return new Map(placements.map((placement) => [placement.service.key, placement.result()]));
}

/** Where somebody shares the address, it is held already. */
function reserve(reserved: Assigned, inventory: Inventory, ledger: Ledger): void {
  for (const [key, addresses] of reserved) {
    for (const text of addresses) {
      const address = addressToInteger(text);
      const range = inventory.rangeOf(familyOf(text), address);
      if (range === undefined || ledger.isHeld({ range, address })) continue;
      ledger.take({ key, shareKey: undefined, ports: [] }, { range, address });
    }
  }
}

/** A Service that requires both families and cannot have a requested one leaves the other to others. */
function request(placement: Placement, inventory: Inventory, ledger: Ledger): void {
  grantRequests(placement, inventory, ledger);
  if (!requiresBoth(placement) || placement.problems.length === 0) return;
  placement.releaseAll();
  placement.block(...placement.wanted);
  placement.problems.push(bothOrNone(placement.service));
}

/** An address that is shared with the Service already, or else its home in its first pool. */
function settleAtHome(
  placement: Placement,
  family: IpFamily,
  inventory: Inventory,
  ledger: Ledger,
): void {
  const pools = poolsFor(placement, family, inventory);
  if (joinShared(placement, family, pools, ledger)) return;
  for (const home of homesOf(placement.service, pools[0] ?? [])) {
    if (ledger.isFree(home, placement.service)) placement.take(home);
    return;
  }
}

/** The next free address behind its home, in the ranges of one pool after the other. */
function settleAnywhere(
  placement: Placement,
  family: IpFamily,
  inventory: Inventory,
  ledger: Ledger,
): void {
  const pools = poolsFor(placement, family, inventory);
  if (joinShared(placement, family, pools, ledger)) return;
  for (const ranges of pools) {
    for (const home of homesOf(placement.service, ranges)) {
      const free = ledger.nextFree(home, placement.service);
      if (free !== undefined && placement.take(free)) return;
    }
  }
}

function joinShared(
  placement: Placement,
  family: IpFamily,
  pools: readonly (readonly UsableRange[])[],
  ledger: Ledger,
): boolean {
  const { shareKey } = placement.service;
  if (shareKey === undefined) return false;
  const ranges = new Set(pools.flat());
  return ledger
    .shared(shareKey, family)
    .some((place) => ranges.has(place.range) && placement.take(place));
}

/** The ranges of each pool that may give the Service an address unasked, or of the one it requests. */
function poolsFor(
  { service }: Placement,
  family: IpFamily,
  inventory: Inventory,
): readonly (readonly UsableRange[])[] {
  const { requestedPool } = service;
  return inventory.pools
    .filter(
      ({ pool }) =>
        (requestedPool === undefined ? pool.autoAssign : pool.name === requestedPool) &&
        inventory.refusal(pool, service) === undefined,
    )
    .map(({ ranges }) => ranges.filter((range) => range.family === family))
    .filter((ranges) => ranges.length > 0);
}

function explain(placement: Placement, inventory: Inventory): void {
  const { service, open, problems } = placement;
  const [missing] = open;
  if (missing === undefined) return;
  if (requiresBoth(placement)) placement.releaseAll();
  // PreferDualStack takes what there is: a family that no pool has is no problem of its own.
  const hasMore = !placement.isEmpty || problems.length > 0;
  const prefers = service.familyPolicy === 'PreferDualStack' && hasMore;
  if (prefers && poolsFor(placement, missing, inventory).length === 0) return;
  problems.push(familyProblem(service, missing, inventory));
}

function requiresBoth({ service }: Placement): boolean {
  return service.familyPolicy === 'RequireDualStack';
}
