import {
  addressesOfNode,
  matchesInterface,
  matchesSelector,
  remember,
  rememberEach,
  sharedAddresses,
  type Allocation,
  type Allocations,
  type Announcement,
  type ClusterState,
  type LoadBalancerService,
  type NodeName,
  type Problem,
} from '@fairlead/cluster';
import {
  formatPrefix,
  hash32,
  prefixContains,
  prefixRange,
  rangesOverlap,
  type IpAddress,
  type Prefix,
} from '@fairlead/ip';
import type { InterfaceAddress, NetworkInterface } from '@fairlead/linux';
import type {
  AnnouncementPlan,
  AnnouncePlan,
  ClaimPlan,
  SegmentPeer,
  SegmentPlan,
  UsableInterface,
} from './plan.ts';
import { usableSegments, type Segment, type Usable } from './segments.ts';
import { inOrderOfName, namesInterfaces, reaches, selects, shadowedBy } from './selection.ts';

/** What this node is and has, beside what the cluster looks like. */
export interface AnnounceFacts {
  readonly self: NodeName;
  readonly interfaces: readonly NetworkInterface[];
  readonly addresses: readonly InterfaceAddress[];
  /** Names an interface must match to be used at all; empty = any. */
  readonly interfaceGlobs: readonly string[];
}

const NO_ADDRESSES: readonly IpAddress[] = [];

/** Bucket sets of addresses that no Announcement selects. */
const DEFAULT_ANNOUNCEMENT: AnnouncementPlan = {
  id: 0,
  name: '',
  candidates: undefined,
  preferred: undefined,
};

/** What the claims of a Service depend on beside the Service. */
interface Ground {
  readonly self: NodeName;
  /** In the order in which they count. */
  readonly announcements: readonly Announcement[];
  readonly places: readonly Place[];
}

/** A segment as far as it decides what is claimed there. */
interface Place {
  readonly name: string;
  readonly prefixes: readonly Prefix[];
}

/**
 * Decides on which interfaces this node takes part, with which peers, and which addresses it may
 * claim there. Pure: the same input gives the same plan, whatever was decided before.
 */
export function decideAnnouncements(
  state: ClusterState,
  allocations: Allocations,
  facts: AnnounceFacts,
): AnnouncePlan {
  const segments = usableSegments(
    facts.interfaces,
    facts.addresses,
    facts.interfaceGlobs,
    state.announcements,
    state.nodes.find(({ name }) => name === facts.self)?.addresses ?? NO_ADDRESSES,
  );
  const places = segments.map(({ device: { name }, prefixes }) => ({ name, prefixes }));
  const ground = groundOf(facts.self, state.announcements, JSON.stringify(places));
  const claims = segments.map((): ClaimPlan[] => []);
  const problems = segments.flatMap((segment) => twinsProblem(segment, state, facts.self));
  // One Service is enough to show what is wrong with an Announcement; thousands would hide it.
  const shadows = new Map<string, Problem>();
  for (const service of state.services) {
    const allocation = allocations.get(service.key);
    if (allocation === undefined) continue;
    const decided = decideService(service, allocation, ground);
    for (const { place, claim } of decided.claims) claims[place]?.push(claim);
    for (const problem of decided.problems) problems.push(problem);
    for (const problem of decided.shadows) {
      if (!shadows.has(problem.object)) shadows.set(problem.object, problem);
    }
  }

  const shared = sharedAddresses(allocations);
  const announcements = ground.announcements.map((each) => planAnnouncement(each, state));
  const planned = segments.flatMap((segment, at): SegmentPlan[] => {
    const its = claims[at] ?? [];
    if (its.length === 0 && !expectsAddresses(segment, state)) return [];
    const joined = shared.size === 0 ? its : joinShared(its, shared);
    return [planSegment(segment, state, facts, announcements, joined)];
  });
  const twins = segments.flatMap(({ twins }) => twins.filter(({ excluded }) => !excluded));
  return {
    segments: planned,
    interfaces: [...segments, ...twins].map(interfaceOf),
    problems: [...problems, ...shadows.values()],
  };
}

/** The same object as long as nothing in it changes. Places as text, as they are read anew each time. */
const groundOf = remember(
  (self: NodeName, announcements: readonly Announcement[], places: string): Ground => ({
    self,
    announcements: inOrderOfName(announcements),
    places: JSON.parse(places) as Place[],
  }),
);

/** What one Service adds to the plan. `place` is the number of a segment. */
const decideService = rememberEach(
  (service: LoadBalancerService, { addresses }: Allocation, ground: Ground) => {
    const claims: { readonly place: number; readonly claim: ClaimPlan }[] = [];
    const problems: Problem[] = [];
    const shadows: Problem[] = [];
    for (const { address, pool } of addresses) {
      const [chosen, ...others] = ground.announcements.filter((each) =>
        selects(each, service, pool),
      );
      if (chosen !== undefined) {
        shadows.push(...others.map((other) => shadowedBy(chosen, other, service)));
      }
      const announcement = chosen === undefined ? DEFAULT_ANNOUNCEMENT.id : idOf(chosen);
      const before = claims.length;
      ground.places.forEach(({ name, prefixes }, place) => {
        if (!reaches(name, prefixes, address, chosen)) return;
        claims.push({ place, claim: { address, announcement, services: [service.key] } });
      });
      if (claims.length === before) problems.push(nowhere(service, address, ground, chosen));
    }
    return { claims, problems, shadows };
  },
);

/** Services that share an address claim it together. */
function joinShared(
  claims: readonly ClaimPlan[],
  shared: ReadonlySet<IpAddress>,
): readonly ClaimPlan[] {
  const joined = new Map<IpAddress, ClaimPlan>();
  for (const claim of claims) {
    const other = shared.has(claim.address) ? joined.get(claim.address) : undefined;
    const services = other === undefined ? claim.services : [...other.services, ...claim.services];
    joined.set(claim.address, other === undefined ? claim : { ...claim, services });
  }
  return [...joined.values()];
}

/** 0 is the default's; every other id is a hash, so that nodes agree without a coordinator. */
function idOf({ name }: Announcement): number {
  return hash32(name) || 1;
}

function planAnnouncement(announcement: Announcement, state: ClusterState): AnnouncementPlan {
  const { name, nodeSelector, preferredNodes } = announcement;
  const nodesOf = (selector: typeof nodeSelector): NodeName[] | undefined =>
    selector &&
    state.nodes.filter((node) => matchesSelector(selector, node.labels)).map((node) => node.name);
  return {
    id: idOf(announcement),
    name,
    candidates: nodesOf(nodeSelector),
    preferred: nodesOf(preferredNodes),
  };
}

function interfaceOf({ device: { name, index, mac } }: Usable): UsableInterface {
  return { name, index, mac };
}

function onLink(segment: Segment, address: IpAddress): boolean {
  return segment.prefixes.some((prefix) => prefixContains(prefix, address));
}

/** Heartbeats start with the pool, so that an owner is agreed on before the first Service comes. */
function expectsAddresses(segment: Usable, state: ClusterState): boolean {
  const ranges = segment.prefixes.map(prefixRange);
  const named = state.announcements.some(({ interfaces }) =>
    matchesInterface(interfaces, segment.device.name),
  );
  return (
    named ||
    state.pools.some((pool) =>
      pool.ranges.some((wanted) => ranges.some((range) => rangesOverlap(range, wanted))),
    )
  );
}

function planSegment(
  segment: Segment,
  state: ClusterState,
  facts: AnnounceFacts,
  announcements: readonly AnnouncementPlan[],
  claims: readonly ClaimPlan[],
): SegmentPlan {
  const { device } = segment;
  const peers = state.nodes
    .filter((node) => node.name !== facts.self)
    .map((node): SegmentPeer => {
      // Bridges for containers have the same address on every node: that is no way to a peer.
      const addresses = addressesOfNode(node).filter(
        (address) => onLink(segment, address) && !segment.addresses.includes(address),
      );
      return { node: node.name, addresses };
    })
    .filter((peer) => peer.addresses.length > 0);
  return {
    interfaceName: device.name,
    interfaceIndex: device.index,
    mac: device.mac,
    ports: portsOf(device, facts.interfaces),
    twins: segment.twins.map(interfaceOf),
    addresses: segment.addresses,
    peers,
    announcements: [DEFAULT_ANNOUNCEMENT, ...announcements],
    claims,
  };
}

/**
 * A bridge's frames are judged at its uplink, before the bridge's own netfilter hooks touch them.
 * Where a bridge has nothing but virtual ports, each of them may be the way in.
 */
function portsOf(device: NetworkInterface, interfaces: readonly NetworkInterface[]): number[] {
  if (device.kind !== 'bridge') return [device.index];
  const ports = interfaces.filter((each) => each.master === device.index);
  const virtual = new Set(['veth', 'tun']);
  const uplinks = ports.filter(({ kind }) => kind === undefined || !virtual.has(kind));
  return (uplinks.length > 0 ? uplinks : ports).map((port) => port.index);
}

/** Of those on which something would be announced if they were alone. */
function twinsProblem(segment: Segment, state: ClusterState, self: NodeName): readonly Problem[] {
  const { device, twins } = segment;
  const unused = twins.filter((twin) => !twin.excluded && expectsAddresses(twin, state));
  if (unused.length === 0) return [];
  const names = unused.map((twin) => twin.device.name).join(', ');
  return [
    {
      object: `Node/${self}`,
      field: 'interfaces',
      value: names,
      message: `Nothing is announced on ${names}, as ${device.name} is in the same subnet and a node takes part in it by one interface. That is all right unless you want another one: name it with --interface, or in spec.interfaces of an Announcement.`,
    },
  ];
}

function nowhere(
  service: LoadBalancerService,
  address: IpAddress,
  { self, places }: Ground,
  chosen: Announcement | undefined,
): Problem {
  const object = `Service/${service.key}`;
  const field = 'status.loadBalancer.ingress';
  const have = places
    .map(({ name, prefixes }) => `${name} ${prefixes.map(formatPrefix).join(' ')}`)
    .join(', ');
  const why = namesInterfaces(chosen)
    ? `Node ${self} has no interface that Announcement ${chosen.name} names (${chosen.interfaces.join(', ')})`
    : `Node ${self} has no address in the subnet of ${address}`;
  return {
    object,
    field,
    value: address,
    message: `${why}, so it cannot announce it by ARP or NDP. It has ${have || 'no usable interface'}. Use a pool inside one of these subnets, or give the node an address in this one.`,
  };
}
