import type { IpAddress } from '@fairlead/ip';
import type { AllocatedAddress, Allocations } from './state.ts';

let last: { readonly allocations: Allocations; readonly shared: ReadonlySet<IpAddress> } = {
  allocations: new Map(),
  shared: new Set(),
};

/**
 * Addresses that more than one Service has: only there can one be in another's way. Found anew only where an address
 * has changed since it was last asked.
 */
export function sharedAddresses(allocations: Allocations): ReadonlySet<IpAddress> {
  if (!sameAddresses(last.allocations, allocations)) {
    last = { allocations, shared: findShared(allocations) };
  }
  return last.shared;
}

function findShared(allocations: Allocations): ReadonlySet<IpAddress> {
  const seen = new Set<IpAddress>();
  const shared = new Set<IpAddress>();
  for (const { addresses } of allocations.values()) {
    for (const { address } of addresses) {
      const before = seen.size;
      if (seen.add(address).size === before) shared.add(address);
    }
  }
  return shared;
}

function sameAddresses(a: Allocations, b: Allocations): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  const others = b.values();
  for (const { addresses } of a.values()) {
    const other = others.next().value?.addresses ?? [];
    if (addresses !== other && !sayTheSame(addresses, other)) return false;
  }
  return true;
}

function sayTheSame(a: readonly AllocatedAddress[], b: readonly AllocatedAddress[]): boolean {
  return a.length === b.length && a.every(({ address }, at) => address === b[at]?.address);
}
