import {
  addressesOfNode,
  deepFreeze,
  usableBackends,
  type Allocations,
  type ClusterState,
  type LoadBalancerService,
  type NodeName,
  type Problem,
} from '@fairlead/cluster';
import { familyOf, type IpAddress } from '@fairlead/ip';

import { compareEntries, entryKey } from './entry-key.ts';
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
  const nodeAddresses = new Map(
    state.nodes.flatMap((node) =>
      addressesOfNode(node).map((address) => [address, node.name] as const),
    ),
  );
  const addresses = new Set<IpAddress>();
  const answering = new Set<IpAddress>();
  const entries = new Map<string, LandEntry>();
  const problems: Problem[] = [];
  for (const service of state.services) {
    for (const { address } of allocations.get(service.key)?.addresses ?? []) {
      const node = nodeAddresses.get(address);
      if (node !== undefined) {
        problems.push(addressOfNode(service, address, node));
        continue;
      }
      addresses.add(address);
      for (const { served, entry } of portsOf(service, address, self)) {
        if (served) answering.add(address);
        const first = entries.get(entryKey(entry));
        if (first === undefined) entries.set(entryKey(entry), entry);
        else problems.push(portTaken(entry, first));
      }
    }
  }
  const interfaces = [...new Set(facts.announcingInterfaces)].toSorted();
  return deepFreeze({
    node: self,
    announcingInterfaces: interfaces.filter(isSafeName),
    addresses: [...addresses].toSorted(),
    answering: [...answering].toSorted(),
    entries: [...entries.values()].filter(({ pods }) => pods.length > 0).toSorted(compareEntries),
    problems: [
      ...problems,
      ...interfaces.filter((name) => !isSafeName(name)).map((name) => unusableName(name, self)),
    ],
  });
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
