import {
  deepFreeze,
  usableBackends,
  type Allocations,
  type Backend,
  type ClusterState,
  type LoadBalancerService,
  type NodeName,
  type Problem,
} from '@fairlead/cluster';
import { familyOf, type IpAddress } from '@fairlead/ip';
import { gatherCandidates, tableKey } from './candidates.ts';
import { lostClients } from './lost-clients.ts';
import type {
  Candidate,
  SteerEntry,
  SteerPlan,
  SteerTable,
  SteerTarget,
  TableKey,
} from './plan.ts';

/** What the cluster's objects do not say. */
export interface SteerFacts {
  /** Nodes whose agent lands what is handed to it; in standalone all nodes of the file. */
  readonly landingNodes: ReadonlySet<NodeName>;
}

/**
 * Which nodes share the packets to each port of each allocated address, in proportion to their usable
 * endpoints. The traffic policy plays no part on a LAN: a packet goes to a node that has a pod, and the
 * pod sees the client, either way. Source ranges are landing's. Pure: from equal facts all nodes decide
 * the same.
 */
export function decideSteering(
  state: ClusterState,
  allocations: Allocations,
  self: NodeName,
  facts: SteerFacts,
): SteerPlan {
  const knownNodes = new Set(state.nodes.map(({ name }) => name));
  const addresses = new Set<IpAddress>();
  const entries = new Map<string, SteerEntry>();
  const tables = new Map<TableKey, SteerTable>();
  const problems: Problem[] = [];
  for (const service of state.services) {
    const backends: Backend[] = [];
    for (const { address } of allocations.get(service.key)?.addresses ?? []) {
      addresses.add(address);
      for (const { key, usable } of portsOf(service, address)) {
        backends.push(...usable);
        const name = `${address} ${key.protocol} ${key.port}`;
        // The allocator does not give one port of an address to two; landing tells where it has happened.
        if (usable.length === 0 || entries.has(name)) continue;
        const candidates = gatherCandidates(usable, facts.landingNodes);
        const target = targetOf(candidates);
        if (target.kind === 'table') tables.set(target.key, { key: target.key, candidates });
        entries.set(name, { ...key, affinity: service.affinitySeconds !== undefined, target });
      }
    }
    problems.push(...lostClients(service, backends, knownNodes, facts.landingNodes));
    if (allocations.has(service.key)) problems.push(...unsteered(service));
  }
  return deepFreeze({
    self,
    addresses: [...addresses],
    entries: [...entries.values()],
    tables: [...tables.values()],
    problems,
  } satisfies SteerPlan);
}

/** SCTP has its own ways to break (checksum, several addresses): its packets stay where they come in. */
function unsteered(service: LoadBalancerService): Problem[] {
  return service.ports
    .filter(({ protocol }) => protocol === 'SCTP')
    .map(({ protocol, port }) => ({
      object: `Service/${service.key}`,
      field: 'spec.ports',
      value: `${protocol} ${port}`,
      message:
        "SCTP is not handed to other nodes: where the node that receives it has no pod, kube-proxy serves it and the pod does not see the client's address. Prefer a node that has a pod with an Announcement.",
    }));
}

/** What can be steered of a Service at one address, with the endpoints that may have it. */
function* portsOf(service: LoadBalancerService, address: IpAddress) {
  for (const port of service.ports) {
    if (port.protocol === 'SCTP') continue;
    const key = { address, protocol: port.protocol, port: port.port };
    yield { key, usable: usableBackends(service, port, familyOf(address)) };
  }
}

/** A single candidate needs no table. */
function targetOf(candidates: readonly Candidate[]): SteerTarget {
  const [only, another] = candidates;
  if (only === undefined || another !== undefined) {
    return { kind: 'table', key: tableKey(candidates) };
  }
  return only.node === undefined ? { kind: 'kube-proxy' } : { kind: 'node', node: only.node };
}
