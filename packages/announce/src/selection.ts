import {
  matchesInterface,
  matchesSelector,
  type Announcement,
  type LoadBalancerService,
  type Problem,
} from '@fairlead/cluster';
import { isLinkLocal, networkOf, prefixContains, type IpAddress, type Prefix } from '@fairlead/ip';

// Which Announcement is about a Service and on which interfaces that is: the same for the agent, which asks for
// its own node, and for the controller, which asks for all.

/** The order in which Announcements count. */
export function inOrderOfName(announcements: readonly Announcement[]): readonly Announcement[] {
  return [...announcements].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether the Announcement is about addresses of the pool that the Service has. */
export function selects(
  announcement: Announcement,
  service: Pick<LoadBalancerService, 'labels'>,
  pool: string,
): boolean {
  const { pools, serviceSelector } = announcement;
  return (
    (pools.length === 0 || pools.includes(pool)) && matchesSelector(serviceSelector, service.labels)
  );
}

/** Networks of an interface's addresses in which an address of a Service can be on-link. */
export function onLinkPrefixes(addresses: readonly Prefix[]): readonly Prefix[] {
  return addresses
    .filter(
      ({ address, family, length }) => !isLinkLocal(address) && length < (family === 4 ? 32 : 128),
    )
    .map(networkOf);
}

/** Whether the Announcement names interfaces itself: then these need no subnet of the address. */
export function namesInterfaces(
  chosen: Announcement | undefined,
): chosen is Announcement & { readonly interfaces: readonly [string, ...string[]] } {
  return chosen !== undefined && chosen.interfaces.length > 0;
}

/** An Announcement's interfaces need no subnet of the address; without one the subnet decides. */
export function reaches(
  name: string,
  prefixes: readonly Prefix[],
  address: IpAddress,
  chosen: Announcement | undefined,
): boolean {
  return namesInterfaces(chosen)
    ? matchesInterface(chosen.interfaces, name)
    : prefixes.some((prefix) => prefixContains(prefix, address));
}

/** The problem of an Announcement that selects a Service for which another one counts. */
export function shadowedBy(
  chosen: Announcement,
  other: Announcement,
  service: Pick<LoadBalancerService, 'key'>,
): Problem {
  return {
    object: `Announcement/${other.name}`,
    field: 'spec',
    value: service.key,
    message: `Announcement ${chosen.name} selects Service ${service.key} too and comes first by name, so this one does not count for it. Narrow one of the two.`,
  };
}
