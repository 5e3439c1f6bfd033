import {
  deepFreeze,
  remember,
  rememberEach,
  sharedAddresses,
  usableBackends,
  type Allocation,
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

/** An entry with the table that it names, if it names one. */
interface Steered {
  readonly entry: SteerEntry;
  readonly table: SteerTable | undefined;
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
  const ground = groundOf(state.nodes, facts.landingNodes);
  const shared = sharedAddresses(allocations);
  const addresses: IpAddress[] = [];
  const steered: Steered[] = [];
  const problems: Problem[] = [];
  for (const service of state.services) {
    const allocation = allocations.get(service.key);
    if (allocation === undefined) continue;
    const decided = decideService(service, allocation, ground);
    for (const each of decided.addresses) addresses.push(each);
    for (const each of decided.steered) steered.push(each);
    for (const each of decided.problems) problems.push(each);
  }
  const entries: SteerEntry[] = [];
  const tables = new Map<TableKey, SteerTable>();
  for (const { entry, table } of shared.size === 0 ? steered : withoutDoubles(steered, shared)) {
    entries.push(entry);
    if (table !== undefined) tables.set(table.key, table);
  }
  // What is in the lists is frozen.
  return Object.freeze({
    self,
    addresses: Object.freeze(shared.size === 0 ? addresses : [...new Set(addresses)]),
    entries: Object.freeze(entries),
    tables: Object.freeze([...tables.values()]),
    problems: Object.freeze(problems),
  } satisfies SteerPlan);
}

/** What decisions on a Service depend on beside it. */
interface Ground {
  readonly knownNodes: ReadonlySet<NodeName>;
  readonly landingNodes: ReadonlySet<NodeName>;
}

/** The same object as long as it says the same. */
const groundOf = remember(
  (nodes: ClusterState['nodes'], landingNodes: ReadonlySet<NodeName>): Ground => ({
    knownNodes: new Set(nodes.map(({ name }) => name)),
    landingNodes,
  }),
);

/** What one Service adds to the plan. */
const decideService = rememberEach(
  (
    service: LoadBalancerService,
    { addresses }: Allocation,
    { knownNodes, landingNodes }: Ground,
  ) => {
    const backends: Backend[] = [];
    const steered: Steered[] = [];
    for (const { address } of addresses) {
      for (const { key, usable } of portsOf(service, address)) {
        backends.push(...usable);
        if (usable.length === 0) continue;
        const candidates = gatherCandidates(usable, landingNodes);
        const target = targetOf(candidates);
        const table = target.kind === 'table' ? { key: target.key, candidates } : undefined;
        const affinity = service.affinitySeconds !== undefined;
        steered.push({ entry: { ...key, affinity, target }, table });
      }
    }
    return deepFreeze({
      addresses: addresses.map(({ address }) => address),
      steered,
      problems: [
        ...lostClients(service, backends, knownNodes, landingNodes),
        ...unsteered(service),
      ],
    });
  },
);

/** The allocator does not give one port of an address to two; landing tells where it has happened. */
function withoutDoubles(
  steered: readonly Steered[],
  shared: ReadonlySet<IpAddress>,
): readonly Steered[] {
  const taken = new Set<string>();
  return steered.filter(({ entry: { address, protocol, port } }) => {
    if (!shared.has(address)) return true;
    const before = taken.size;
    return taken.add(`${address} ${protocol} ${port}`).size > before;
  });
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
