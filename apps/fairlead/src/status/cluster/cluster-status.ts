import { selects } from '@fairlead/announce';
import {
  assembleState,
  problemOf,
  readObject,
  type AddressPool,
  type ClusterObject,
  type ClusterObjectKind,
  type ClusterState,
  type Condition,
  type LoadBalancerService,
  type Problem,
} from '@fairlead/cluster';
import { parseAddress, rangeContains, type IpAddress } from '@fairlead/ip';
import type { Service } from 'kubernetes-types/core/v1.d.ts';
import type { AddressStatus, NodeStatus, ServiceStatus, StatusSnapshot } from '../snapshot.ts';
import { usablePods } from '../usable-pods.ts';
import { holderOf, type HoldingNode } from './holders.ts';
import type { ClusterObjects, NodeReportObject } from './objects.ts';

export interface ClusterStatusInput {
  readonly objects: ClusterObjects;
  /** The API server. */
  readonly server: string;
  readonly version: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** A Service of ours as the API server has it, and as it is served; the latter is missing where it is refused. */
interface OurService {
  readonly key: string;
  readonly object: Service;
  readonly conditions: readonly Condition[];
  readonly served: LoadBalancerService | undefined;
}

/** A node with what its agent has reported. */
interface ReportingNode extends HoldingNode {
  readonly report: NodeReportObject | undefined;
}

const ourConditions = 'fairlead.dev/';

/** What the objects say of the whole cluster, in the form in which an agent says what it knows. Pure. */
export function clusterStatus(input: ClusterStatusInput): StatusSnapshot {
  const { objects, server, version, nowMs } = input;
  const { state, ours } = readObjects(objects);
  const nodes = reportingNodes(state, objects.reports);
  const services = ours.map((service) => serviceStatus(service, state, nodes, nowMs));
  const told = [
    ...objects.pools.flatMap(({ metadata, status }) =>
      conditionProblems(`AddressPool/${metadata?.name ?? ''}`, status?.conditions ?? []),
    ),
    ...agentProblems(nodes),
  ];
  const known = new Set(
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
    // Controller and agents say it better: they know what became of it.
    problems: [...told, ...state.problems.filter(({ object }) => !known.has(object))],
  };
}

function readObjects(objects: ClusterObjects): {
  readonly state: ClusterState;
  readonly ours: readonly OurService[];
} {
  const read: ClusterObject[] = [];
  const problems: Problem[] = [];
  const judge = (kind: ClusterObjectKind, value: unknown): 'ours' | 'refused' | 'left out' => {
    const { id, object, faults } = readObject(kind, value, {});
    problems.push(...faults.map((fault) => problemOf(id, fault)));
    if (object === undefined) return faults.length > 0 ? 'refused' : 'left out';
    read.push(object);
    return 'ours';
  };
  for (const each of objects.endpointSlices) judge('EndpointSlice', each);
  for (const each of objects.nodes) judge('Node', each);
  for (const each of objects.pools) judge('AddressPool', each);
  for (const each of objects.announcements) judge('Announcement', each);
  const candidates = objects.services.filter((service) => mayBeOurs(service));
  const wanted = candidates.filter((service) => judge('Service', service) !== 'left out');
  const state = assembleState('', read, problems);
  const served = new Map(state.services.map((service) => [String(service.key), service]));
  const ours = wanted.map((object): OurService => {
    const key = `${object.metadata?.namespace ?? ''}/${object.metadata?.name ?? ''}`;
    return { key, object, conditions: conditionsOf(object), served: served.get(key) };
  });
  return { state, ours: ours.sort((a, b) => (a.key < b.key ? -1 : 1)) };
}

/** An address on a Service without our class and without our conditions is somebody else's, and so is the Service. */
function mayBeOurs(service: Service): boolean {
  return (
    service.spec?.loadBalancerClass !== undefined ||
    conditionsOf(service).length > 0 ||
    (service.status?.loadBalancer?.ingress ?? []).length === 0
  );
}

function conditionsOf({ status }: Service): readonly Condition[] {
  const conditions = (status?.conditions ?? []) as readonly Condition[];
  return conditions.filter(({ type }) => type.startsWith(ourConditions));
}

function serviceStatus(
  { key, object, conditions, served }: OurService,
  state: ClusterState,
  nodes: readonly HoldingNode[],
  nowMs: number,
): ServiceStatus {
  const { externalTrafficPolicy, ports = [] } = object.spec ?? {};
  const allocated = conditions.some(
    ({ type, status }) => type === `${ourConditions}Allocated` && status === 'True',
  );
  const addresses = allocated ? addressesOf(object) : [];
  return {
    service: key,
    externalTrafficPolicy: externalTrafficPolicy === 'Local' ? 'Local' : 'Cluster',
    ports: ports.map(({ port, protocol = 'TCP' }) => `${port}/${protocol}`),
    addresses: addresses.map((address) => {
      const pool = poolOf(address, state.pools);
      return addressStatus(address, pool, announcementOf(served, pool, state), nodes, nowMs);
    }),
    pods: served === undefined ? [] : usablePods(served),
    problems:
      conditions.length > 0
        ? conditionProblems(`Service/${key}`, conditions)
        : [unseen(`Service/${key}`)],
  };
}

function addressesOf({ status }: Service): IpAddress[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip = '' }) => parseAddress(ip) ?? []);
}

function addressStatus(
  address: IpAddress,
  pool: string,
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

/** Empty where no pool holds it any more. */
function poolOf(address: IpAddress, pools: readonly AddressPool[]): string {
  const found = pools.find(({ ranges }) => ranges.some((range) => rangeContains(range, address)));
  return found?.name ?? '';
}

/** The first by name that selects counts; empty where none does. */
function announcementOf(
  service: LoadBalancerService | undefined,
  pool: string,
  { announcements }: ClusterState,
): string {
  if (service === undefined) return '';
  return announcements.find((each) => selects(each, service, pool))?.name ?? '';
}

function reportingNodes(
  state: ClusterState,
  reports: readonly NodeReportObject[],
): readonly ReportingNode[] {
  const byName = new Map(reports.map((report) => [report.metadata?.name ?? '', report]));
  const known = new Map(state.nodes.map((node) => [String(node.name), node]));
  return [...new Set([...known.keys(), ...byName.keys()])].sort().map((node) => {
    const report = byName.get(node);
    return {
      node,
      ready: known.get(node)?.ready ?? false,
      report,
      held: report?.status?.held ?? [],
    };
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

function agentText(report: NodeReportObject | undefined): string {
  if (report?.status === undefined) return 'has not reported: does it run there?';
  const { version = '?', class: standing = 'Joining', dataPath } = report.status;
  const landing = dataPath?.landing === true ? '' : ', lands nothing yet';
  return `${version}, ${standing.toLowerCase()}${landing}`;
}

/** Whatever does not hold. */
function conditionProblems(object: string, conditions: readonly Condition[]): Problem[] {
  return conditions
    .filter(({ status }) => status !== 'True')
    .map(({ type, reason, message }) => ({
      object,
      field: `status.conditions[${type}]`,
      value: reason,
      message,
    }));
}

function unseen(object: string): Problem {
  return {
    object,
    field: 'status.conditions',
    value: '',
    message:
      'No controller has looked at it yet. See whether one runs: kubectl --namespace fairlead-system get deployment fairlead-controller',
  };
}

/** What several agents say in the same words is told once, with who says so. */
function agentProblems(nodes: readonly ReportingNode[]): Problem[] {
  const said = nodes.flatMap(({ node, report }) =>
    (report?.status?.problems ?? []).map((problem) => ({ node, problem })),
  );
  const groups = Map.groupBy(said, ({ problem: { object, field, value, message } }) =>
    JSON.stringify([object, field, value, message]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { problem } = first;
    const names = group.map(({ node }) => node).join(', ');
    const by = problem.object === `Node/${names}` ? '' : ` (says the agent of ${names})`;
    return [{ ...problem, message: `${problem.message}${by}` }];
  });
}
