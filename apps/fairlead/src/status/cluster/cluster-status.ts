import { publishedAllocations } from '@fairlead/allocate';
import { inOrderOfName, selects } from '@fairlead/announce';
import type {
  AllocatedAddress,
  ClusterState,
  Condition,
  WrittenNodeReport,
} from '@fairlead/cluster';
import type { Service } from 'kubernetes-types/core/v1.d.ts';
import type { AddressStatus, NodeStatus, ServiceStatus, StatusSnapshot } from '../snapshot.ts';
import { usablePods } from '../usable-pods.ts';
import { holderOf, type HoldingNode } from './holders.ts';
import { nameOf, type ClusterObjects, type PoolStatus } from './objects.ts';
import { agentProblems, conditionProblems, unseenProblem } from './problems.ts';
import { readState } from './read-state.ts';

export interface ClusterStatusInput {
  readonly objects: ClusterObjects;
  /** The API server. */
  readonly server: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** A node with what its agent has reported. */
interface ReportingNode extends HoldingNode {
  readonly report: WrittenNodeReport | undefined;
}

/** What the objects say of the whole cluster, in the form in which an agent says what it knows. Pure. */
export function clusterStatus(input: ClusterStatusInput): StatusSnapshot {
  const { objects, server, version, nowMs } = input;
  const { state, ours } = readState(objects);
  const nodes = reportingNodes(state, objects.NodeReport);
  const services = serviceStatuses(state, ours, nodes, nowMs);
  const told = [
    ...objects.AddressPool.flatMap((pool) =>
      conditionProblems(
        `AddressPool/${nameOf(pool)}`,
        (pool.status as PoolStatus | undefined)?.conditions ?? [],
      ),
    ),
    ...agentProblems(
      nodes.map(({ node, report }) => ({ node, problems: report?.status?.problems ?? [] })),
    ),
  ];
  const objectsTold = new Set(
    [...told, ...services.flatMap(({ problems }) => problems)].map(({ object }) => object),
  );
  return {
    version,
    node: undefined,
    clusterId: '',
    source: server,
    uptimeMs: undefined,
    services,
    nodes: nodes.map((node) => nodeStatus(node, services)),
    segments: [],
    // Of what controller and agents speak of, they know more: what became of it.
    problems: [...told, ...state.problems.filter(({ object }) => !objectsTold.has(object))],
  };
}

function serviceStatuses(
  state: ClusterState,
  ours: ReadonlyMap<string, Service>,
  nodes: readonly HoldingNode[],
  nowMs: number,
): readonly ServiceStatus[] {
  const allocations = publishedAllocations(state);
  const announcements = inOrderOfName(state.announcements);
  const served = state.services.map((service) => {
    const conditions = service.published?.conditions ?? [];
    const addresses = (allocations.get(service.key)?.addresses ?? []).map((allocated) => {
      const chosen = announcements.find((each) => selects(each, service, allocated.pool));
      return addressStatus(allocated, chosen?.name ?? '', nodes, nowMs);
    });
    const pods = usablePods(service);
    return serviceStatus(service.key, ours.get(service.key), { conditions, addresses, pods });
  });
  const refused = (state.unservedServices ?? []).map(({ key, published: { conditions } }) =>
    serviceStatus(key, ours.get(key), { conditions, addresses: [], pods: [] }),
  );
  return [...served, ...refused].sort((a, b) => (a.service < b.service ? -1 : 1));
}

function serviceStatus(
  key: string,
  object: Service | undefined,
  {
    conditions,
    ...known
  }: Pick<ServiceStatus, 'addresses' | 'pods'> & { readonly conditions: readonly Condition[] },
): ServiceStatus {
  const { externalTrafficPolicy, ports = [] } = object?.spec ?? {};
  return {
    service: key,
    externalTrafficPolicy: externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    ports: ports.map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`),
    ...known,
    problems:
      conditions.length > 0
        ? conditionProblems(`Service/${key}`, conditions)
        : [unseenProblem(`Service/${key}`)],
  };
}

function addressStatus(
  { address, pool }: AllocatedAddress,
  announcement: string,
  nodes: readonly HoldingNode[],
  nowMs: number,
): AddressStatus {
  const holder = holderOf(nodes, address, announcement);
  return {
    address,
    pool,
    interface: holder?.interface,
    owner: holder?.node,
    // Clocks of nodes and of whoever asks differ.
    ownedMs: holder && Math.max(0, nowMs - holder.sinceMs),
    here: holder === undefined ? 'no node answers for it' : 'answered for',
  };
}

function reportingNodes(
  { nodes }: ClusterState,
  reports: readonly WrittenNodeReport[],
): readonly ReportingNode[] {
  const reportOf = new Map(reports.map((report) => [nameOf(report), report]));
  const readyOf = new Map(nodes.map(({ name, ready }) => [String(name), ready]));
  return [...new Set([...readyOf.keys(), ...reportOf.keys()])].sort().map((node) => {
    const report = reportOf.get(node);
    const held = report?.status?.held ?? [];
    return { node, ready: readyOf.get(node) ?? false, report, held };
  });
}

function nodeStatus(
  { node, ready, report }: ReportingNode,
  services: readonly ServiceStatus[],
): NodeStatus {
  const owned = services.flatMap(({ addresses }) =>
    addresses.flatMap(({ owner, address }) => (owner === node ? [address] : [])),
  );
  return {
    node,
    self: false,
    live: ready && report !== undefined,
    interfaces: (report?.status?.interfaces ?? []).map(({ name }) => name),
    // Two Services may share one.
    addressesOwned: new Set(owned).size,
    agent: agentText(report),
  };
}

function agentText(report: WrittenNodeReport | undefined): string {
  if (report?.status === undefined) return 'has not reported: does it run there?';
  const { version, class: standing, dataPath } = report.status;
  const landing = dataPath?.landing === true ? '' : ', lands nothing yet';
  return `${version}, ${standing.toLowerCase()}${landing}`;
}
