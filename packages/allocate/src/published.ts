import { addressToInteger, familyOf, type IpAddress } from '@fairlead/ip';
import {
  rememberEach,
  type Allocation,
  type Allocations,
  type ClusterState,
  type LoadBalancerService,
  type PublishedStatus,
  type ServiceKey,
} from '@fairlead/cluster';

/** The condition by which the controller says that the addresses of a status are its own. */
const ALLOCATED = 'fairlead.dev/Allocated';

const NONE: Allocation = { addresses: [], problems: [] };

/**
 * What the controller has given each Service, as the status of the Service says. Addresses that somebody else
 * wrote are none of ours. Pure.
 */
export function publishedAllocations(state: ClusterState): Allocations {
  const allocations = new Map<ServiceKey, Allocation>();
  for (const service of state.services) {
    allocations.set(service.key, allocationOf(service, state.pools));
  }
  return allocations;
}

const allocationOf = rememberEach(
  ({ published }: LoadBalancerService, pools: ClusterState['pools']): Allocation => {
    if (published === undefined || !isOurs(published)) return NONE;
    const addresses = published.addresses.map((address) => {
      return { address, pool: poolOf(address, pools) };
    });
    return { addresses, problems: [] };
  },
);

function isOurs({ conditions }: PublishedStatus): boolean {
  return conditions.some(({ type, status }) => type === ALLOCATED && status === 'True');
}

/** Empty where no pool holds the address any more; the controller will say so, or move the Service. */
function poolOf(address: IpAddress, pools: ClusterState['pools']): string {
  const family = familyOf(address);
  const integer = addressToInteger(address);
  const holder = pools.find(({ ranges }) =>
    ranges.some(
      (range) => range.family === family && range.first <= integer && integer <= range.last,
    ),
  );
  return holder?.name ?? '';
}
