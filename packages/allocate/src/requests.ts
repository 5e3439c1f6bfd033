import { addressToInteger, familyOf, type IpAddress } from '@fairlead/ip';
import type { Inventory } from './inventory.ts';
import type { Ledger } from './ledger.ts';
import type { Placement } from './placement.ts';
import { requestProblem, type RequestFault } from './problems.ts';

/** Gives a Service the addresses that it requests, or says why not. */
export function grantRequests(placement: Placement, inventory: Inventory, ledger: Ledger): void {
  const { service, wanted } = placement;
  const requested = service.requestedAddresses;
  if (requested.length === 0) return;
  for (const address of requested) {
    const fault = grant(placement, address, inventory, ledger);
    if (fault === undefined) continue;
    placement.problems.push(requestProblem(service, address, fault, inventory));
    placement.block(familyOf(address));
  }
  // Who asks for an address of a family that it cannot have wants that one and no other.
  const asksInVain = !requested.some((address) => wanted.includes(familyOf(address)));
  if (asksInVain) placement.block(...wanted);
}

function grant(
  placement: Placement,
  address: IpAddress,
  inventory: Inventory,
  ledger: Ledger,
): RequestFault | undefined {
  const { service } = placement;
  const family = familyOf(address);
  if (!placement.wanted.includes(family)) return { kind: 'family' };
  if (placement.has(family)) return undefined;
  const integer = addressToInteger(address);
  const range = inventory.rangeOf(family, integer);
  if (range === undefined) return { kind: 'outside' };
  const { pool } = range;
  if (service.requestedPool !== undefined && service.requestedPool !== pool.name) {
    return { kind: 'other-pool', pool };
  }
  const refusal = inventory.refusal(pool, service);
  if (refusal !== undefined) return { kind: 'not-admitted', pool, refusal };
  const owner = inventory.ownerOf(address);
  if (owner !== undefined) return { kind: 'foreign', owner };
  const place = { range, address: integer };
  if (range.isEdge(place.address)) return { kind: 'edge', pool };
  const conflict = ledger.conflict(service, place);
  if (conflict !== undefined) return conflict;
  placement.take(place);
  return undefined;
}
