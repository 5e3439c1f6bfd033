import {
  addressesOfNode,
  matchesInterface,
  matchesSelector,
  type Allocations,
  type Announcement,
  type ClusterState,
  type LoadBalancerService,
  type NodeName,
  type Problem,
  type ServiceKey,
} from '@fairlead/cluster';
import {
  familyOf,
  formatPrefix,
  hash32,
  prefixContains,
  prefixRange,
  rangesOverlap,
  type IpAddress,
  type MacAddress,
  type Prefix,
} from '@fairlead/ip';
import type { InterfaceAddress, NetworkInterface } from '@fairlead/linux';
import type {
  AnnouncementPlan,
  AnnouncePlan,
  ClaimPlan,
  SegmentPeer,
  SegmentPlan,
} from './plan.ts';
import {
  inOrderOfName,
  namesInterfaces,
  onLinkPrefixes,
  reaches,
  selects,
  shadowedBy,
} from './selection.ts';

/** What this node is and has, beside what the cluster looks like. */
export interface AnnounceFacts {
  readonly self: NodeName;
  readonly interfaces: readonly NetworkInterface[];
  readonly addresses: readonly InterfaceAddress[];
  /** Names an interface must match to be used at all; empty = any. */
  readonly interfaceGlobs: readonly string[];
}

interface Segment {
  readonly device: NetworkInterface & { readonly mac: MacAddress };
  readonly addresses: readonly IpAddress[];
  readonly prefixes: readonly Prefix[];
}

/** Bucket sets of addresses that no Announcement selects. */
const DEFAULT_ANNOUNCEMENT: AnnouncementPlan = {
  id: 0,
  name: '',
  candidates: undefined,
  preferred: undefined,
};

/**
 * Decides on which interfaces this node takes part, with which peers, and which addresses it may
 * claim there. Pure: the same input gives the same plan, whatever was decided before.
 */
export function decideAnnouncements(
  state: ClusterState,
  allocations: Allocations,
  facts: AnnounceFacts,
): AnnouncePlan {
  const announcements = inOrderOfName(state.announcements);
  const plans = new Map(announcements.map((each) => [each.name, planAnnouncement(each, state)]));
  const segments = usableSegments(facts);
  const problems: Problem[] = [];
  // One Service is enough to show what is wrong with an Announcement; thousands would hide it.
  const shadows = new Map<string, Problem>();
  const claims = new Map<Segment, Map<IpAddress, ClaimPlan>>(
    segments.map((segment) => [segment, new Map()]),
  );

  for (const service of state.services) {
    for (const { address, pool } of allocations.get(service.key)?.addresses ?? []) {
      const [chosen, ...shadowed] = announcements.filter((each) => selects(each, service, pool));
      for (const other of shadowed) {
        if (chosen === undefined || shadows.has(other.name)) continue;
        shadows.set(other.name, shadowedBy(chosen, other, service));
      }
      const places = segments.filter(({ device, prefixes }) =>
        reaches(device.name, prefixes, address, chosen),
      );
      if (places.length === 0) problems.push(nowhere(service, address, segments, facts, chosen));
      for (const segment of places) {
        const perAddress = claims.get(segment) ?? new Map<IpAddress, ClaimPlan>();
        const services: ServiceKey[] = [...(perAddress.get(address)?.services ?? []), service.key];
        const announcement = (chosen && plans.get(chosen.name)?.id) ?? DEFAULT_ANNOUNCEMENT.id;
        perAddress.set(address, { address, announcement, services });
        claims.set(segment, perAddress);
      }
    }
  }

  const used = segments.filter(
    (segment) => (claims.get(segment)?.size ?? 0) > 0 || expectsAddresses(segment, state),
  );
  return {
    segments: used.map((segment) =>
      planSegment(
        segment,
        state,
        facts,
        [...plans.values()],
        [...(claims.get(segment)?.values() ?? [])],
      ),
    ),
    interfaces: segments.map(({ device: { name, index, mac } }) => ({ name, index, mac })),
    problems: [...problems, ...shadows.values()],
  };
}

function planAnnouncement(announcement: Announcement, state: ClusterState): AnnouncementPlan {
  const { name, nodeSelector, preferredNodes } = announcement;
  const nodesOf = (selector: typeof nodeSelector): NodeName[] | undefined =>
    selector &&
    state.nodes.filter((node) => matchesSelector(selector, node.labels)).map((node) => node.name);
  // 0 is the default's; every other id is a hash, so that nodes agree without a coordinator.
  const id = hash32(name) || 1;
  return { id, name, candidates: nodesOf(nodeSelector), preferred: nodesOf(preferredNodes) };
}

/** Interfaces that speak ARP, hold an address and are no port of another one. */
function usableSegments(facts: AnnounceFacts): Segment[] {
  const segments: Segment[] = [];
  for (const device of facts.interfaces) {
    const { mac } = device;
    if (mac === undefined || !device.up || device.loopback || device.noArp || !device.broadcast) {
      continue;
    }
    if (device.master !== undefined) continue;
    if (facts.interfaceGlobs.length > 0 && !matchesInterface(facts.interfaceGlobs, device.name)) {
      continue;
    }
    const held = facts.addresses.filter(
      (each) => each.interfaceIndex === device.index && !each.dadFailed && !each.linkLocal,
    );
    const prefixes = onLinkPrefixes(
      held.map(({ address, prefixLength }) => {
        return { family: familyOf(address), address, length: prefixLength };
      }),
    );
    if (prefixes.length === 0) continue;
    const addresses = held.map((each) => each.address);
    segments.push({ device: { ...device, mac }, addresses, prefixes });
  }
  return segments;
}

function onLink(segment: Segment, address: IpAddress): boolean {
  return segment.prefixes.some((prefix) => prefixContains(prefix, address));
}

/** Heartbeats start with the pool, so that an owner is agreed on before the first Service comes. */
function expectsAddresses(segment: Segment, state: ClusterState): boolean {
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

function nowhere(
  service: LoadBalancerService,
  address: IpAddress,
  segments: readonly Segment[],
  facts: AnnounceFacts,
  chosen: Announcement | undefined,
): Problem {
  const object = `Service/${service.key}`;
  const field = 'status.loadBalancer.ingress';
  const have = segments
    .map(({ device, prefixes }) => `${device.name} ${prefixes.map(formatPrefix).join(' ')}`)
    .join(', ');
  const why = namesInterfaces(chosen)
    ? `Node ${facts.self} has no interface that Announcement ${chosen.name} names (${chosen.interfaces.join(', ')})`
    : `Node ${facts.self} has no address in the subnet of ${address}`;
  return {
    object,
    field,
    value: address,
    message: `${why}, so it cannot announce it by ARP or NDP. It has ${have || 'no usable interface'}. Use a pool inside one of these subnets, or give the node an address in this one.`,
  };
}
