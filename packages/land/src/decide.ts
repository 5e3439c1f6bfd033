import {
  addressesOfNode,
  deepFreeze,
  remember,
  rememberEach,
  sharedAddresses,
  usableBackends,
  type Allocation,
  type Allocations,
  type ClusterState,
  type LoadBalancerService,
  type NodeName,
  type Problem,
} from '@fairlead/cluster';
import { familyOf, type IpAddress } from '@fairlead/ip';
import { entryKey } from './entry-key.ts';
import type { LandEntry, LandPlan } from './plan.ts';
import { allowedSources } from './source-prefixes.ts';

/** What a node knows of itself beyond the cluster's state. */
export interface LandFacts {
  /**
   * Names of the interfaces that packets for our addresses come in by, as the stack sees them: of a bridged
   * uplink the bridge too.
   */
  readonly announcingInterfaces: readonly string[];
}

/**
 * Which ports of which addresses land on pods of this node. A port whose pods are all elsewhere has no
 * entry: its packets go on to kube-proxy, or into the guard.
 */
export function decideLanding(
  state: ClusterState,
  allocations: Allocations,
  self: NodeName,
  facts: LandFacts,
): LandPlan {
  const ground = groundOf(self, state.nodes);
  const shared = sharedAddresses(allocations);
  const addresses: IpAddress[] = [];
  const answering: IpAddress[] = [];
  const all: LandEntry[] = [];
  const problems: Problem[] = [];
  for (const service of state.services) {
    const allocation = allocations.get(service.key);
    if (allocation === undefined) continue;
    const decided = decideService(service, allocation, ground);
    for (const each of decided.addresses) addresses.push(each);
    for (const each of decided.answering) answering.push(each);
    for (const each of shared.size === 0 ? decided.landing : decided.entries) all.push(each);
    for (const each of decided.problems) problems.push(each);
  }
  const { entries, doubles } =
    shared.size === 0 ? { entries: all, doubles: [] } : split(all, shared);
  const interfaces = [...new Set(facts.announcingInterfaces)].toSorted();
  const unusable = interfaces.filter((name) => !isSafeName(name));
  // What is in the lists is frozen.
  return Object.freeze({
    node: self,
    announcingInterfaces: Object.freeze(interfaces.filter(isSafeName)),
    addresses: Object.freeze(shared.size === 0 ? addresses : [...new Set(addresses)]),
    answering: Object.freeze(shared.size === 0 ? answering : [...new Set(answering)]),
    entries: Object.freeze(entries),
    problems: deepFreeze([
      ...problems,
      ...doubles,
      ...unusable.map((name) => unusableName(name, self)),
    ]),
  });
}

/** What decisions on a Service depend on beside it. */
interface Ground {
  readonly self: NodeName;
  /** Whose address each address of a node is. */
  readonly owners: ReadonlyMap<IpAddress, NodeName>;
}

/** The same object as long as it says the same. */
const groundOf = remember((self: NodeName, nodes: ClusterState['nodes']): Ground => {
  const pairs = nodes.map((node) =>
    addressesOfNode(node).map((address) => [address, node.name] as const),
  );
  return { self, owners: new Map(pairs.flat()) };
});

/** What one Service adds to the plan. `landing` are those of its entries that have a pod here. */
const decideService = rememberEach(
  (service: LoadBalancerService, allocation: Allocation, { self, owners }: Ground) => {
    const addresses: IpAddress[] = [];
    const answering = new Set<IpAddress>();
    const entries: LandEntry[] = [];
    const problems: Problem[] = [];
    for (const { address } of allocation.addresses) {
      const node = owners.get(address);
      if (node !== undefined) {
        problems.push(addressOfNode(service, address, node));
        continue;
      }
      addresses.push(address);
      for (const { served, entry } of portsOf(service, address, self)) {
        if (served) answering.add(address);
        entries.push(entry);
      }
    }
    const landing = entries.filter(landsHere);
    return deepFreeze({ addresses, answering: [...answering], entries, landing, problems });
  },
);

/** The first of two Services with one port of an address has it; the other is told. */
function split(all: readonly LandEntry[], shared: ReadonlySet<IpAddress>) {
  const firsts = new Map<string, LandEntry>();
  const doubles: Problem[] = [];
  const entries = all.filter((entry) => {
    if (!shared.has(entry.address)) return true;
    const first = firsts.get(entryKey(entry));
    if (first === undefined) firsts.set(entryKey(entry), entry);
    else doubles.push(portTaken(entry, first));
    return first === undefined;
  });
  return { entries: entries.filter(landsHere), doubles };
}

function landsHere({ pods }: LandEntry): boolean {
  return pods.length > 0;
}

/** Each port of the Service at this address: whether any node can serve it, and with which pods this one. */
function* portsOf(service: LoadBalancerService, address: IpAddress, self: NodeName) {
  const family = familyOf(address);
  const sources = allowedSources(service.sourceRanges, family);
  for (const port of service.ports) {
    const backends = usableBackends(service, port, family);
    // Two EndpointSlices may name one pod while it moves from one to the other.
    const pods = new Map(
      backends
        .filter(({ node }) => node === self)
        .map(({ address, port }) => [`${address} ${port}`, { address, port }]),
    );
    const entry: LandEntry = {
      address,
      protocol: port.protocol,
      port: port.port,
      service: service.key,
      pods: [...pods.values()],
      sources,
      affinitySeconds: service.affinitySeconds,
    };
    yield { served: backends.length > 0, entry };
  }
}

/** The guard would refuse whatever else the node serves there: its API, its SSH. */
function addressOfNode(service: LoadBalancerService, address: IpAddress, node: NodeName): Problem {
  return {
    object: `Service/${service.key}`,
    field: '',
    value: address,
    message: `This is the address of Node/${node}, so no packet to it is touched. Take it out of the AddressPool.`,
  };
}

function portTaken(entry: LandEntry, first: LandEntry): Problem {
  return {
    object: `Service/${entry.service}`,
    field: 'spec.ports',
    value: `${entry.protocol} ${entry.port}`,
    message: `Service/${first.service} has this port of ${entry.address} already, so none of its packets come here. Give the Service another address or another port.`,
  };
}

/**
 * Names that nftables reads as they stand between quotes: it knows no escapes, and a `*` at the end means
 * every interface that begins so. The kernel allows nearly anything in 15 bytes.
 */
function isSafeName(name: string): boolean {
  return /^[\w.:@+=~#%-]{1,15}$/u.test(name);
}

function unusableName(name: string, self: NodeName): Problem {
  return {
    object: `Node/${self}`,
    field: 'interfaces',
    value: name,
    message:
      'This interface’s name cannot be written in an nftables rule, so nothing that comes in by it lands here. Rename the interface.',
  };
}
