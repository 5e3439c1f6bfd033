import type { AddressReport, SegmentReport } from '@fairlead/announce';
import type { AllocatedAddress, NodeName, Problem, ServiceKey } from '@fairlead/cluster';
import type {
  AddressStatus,
  AgentSnapshot,
  NodeStatus,
  ServiceStatus,
} from '../status/snapshot.ts';
import { usablePods } from '../status/usable-pods.ts';
import { conflictProblem } from './conflict-problem.ts';
import type { Round } from './round.ts';

export interface SnapshotInput {
  readonly version: string;
  readonly node: NodeName;
  readonly source: string;
  readonly uptimeMs: number;
  /** Undefined until the objects have been read. */
  readonly round: Round | undefined;
  readonly problems: readonly Problem[];
  readonly segments: readonly SegmentReport[];
}

/** An address as the packet worker reports it, with the segment it is on. */
interface Sighting {
  readonly interfaceName: string;
  readonly report: AddressReport;
}

/** Joins what was decided with what the packet worker knows. Pure. */
export function takeSnapshot(input: SnapshotInput): AgentSnapshot {
  const { version, node, source, uptimeMs, round, problems, segments } = input;
  const sightings = new Map<string, Sighting>();
  for (const { interfaceName, addresses } of segments) {
    for (const report of addresses) sightings.set(report.address, { interfaceName, report });
  }
  const byObject = Map.groupBy(problems, ({ object }) => object);
  const services = (round?.state.services ?? []).map((service): ServiceStatus => {
    const addresses = round?.allocations.get(service.key)?.addresses ?? [];
    return {
      service: service.key,
      externalTrafficPolicy: service.externalTrafficPolicy,
      ports: service.ports.map(({ port, protocol }) => `${port}/${protocol}`),
      addresses: addresses.map((allocated) =>
        addressStatus(allocated, sightings.get(allocated.address), node),
      ),
      pods: usablePods(service),
      problems: [
        ...(byObject.get(`Service/${service.key}`) ?? []),
        ...addresses.flatMap(({ address }) =>
          conflictProblems(service.key, sightings.get(address)),
        ),
      ],
    };
  });
  const ofServices = new Set(services.flatMap((service) => service.problems));
  return {
    version,
    node,
    clusterId: round?.state.clusterId ?? '',
    source,
    uptimeMs,
    services,
    nodes: nodeStatuses(node, round, segments),
    segments: segments.map(({ interfaceName, standing, waiting, members, problems: words }) => ({
      interface: interfaceName,
      standing,
      waiting,
      members: members.map((member) => ({
        node: member.node,
        live: member.live,
        standing: member.standing,
        heardMs: member.heardMs,
      })),
      problems: words,
    })),
    problems: problems.filter((problem) => !ofServices.has(problem)),
  };
}

function addressStatus(
  { address, pool }: AllocatedAddress,
  sighting: Sighting | undefined,
  self: NodeName,
): AddressStatus {
  const report = sighting?.report;
  return {
    address,
    pool,
    interface: sighting?.interfaceName,
    owner: report?.owner,
    ownedMs: report?.ownedMs,
    here: whatHappensHere(report, self),
  };
}

/** Only the node that would answer for the address knows of it. */
function conflictProblems(service: ServiceKey, sighting: Sighting | undefined): Problem[] {
  const { address, conflict: mac } = sighting?.report ?? {};
  if (sighting === undefined || address === undefined || mac === undefined) return [];
  return [conflictProblem(service, sighting.interfaceName, { address, mac })];
}

function whatHappensHere(report: AddressReport | undefined, self: NodeName): string {
  if (report === undefined) return 'not on a segment of this node';
  switch (report.state) {
    case 'answering':
      return 'answers';
    case 'conflict':
      return `silent: ${report.conflict ?? 'a foreign host'} uses it too`;
    case 'unprepared':
      return 'owned, not yet announced: steering and landing are being set up';
    case 'not-owned':
      return report.owner === undefined || report.owner === self
        ? 'nobody owns it yet'
        : 'passes on to the owner';
    default:
      return report.state satisfies never;
  }
}

function nodeStatuses(
  self: NodeName,
  round: Round | undefined,
  segments: readonly SegmentReport[],
): NodeStatus[] {
  const known = (round?.state.nodes ?? []).map(({ name }) => name);
  const heard = segments.flatMap(({ members }) => members.map(({ node }) => node));
  return [...new Set([...known, ...heard])].sort().map((node) => {
    const isSelf = node === self;
    const seen = segments.filter(
      ({ members }) => isSelf || members.some((member) => member.node === node),
    );
    const live = segments.some(({ members }) =>
      members.some((member) => member.node === node && member.live),
    );
    const owned = segments.flatMap(({ addresses }) =>
      addresses.filter(({ owner }) => owner === node),
    );
    return {
      node,
      self: isSelf,
      live: isSelf || live,
      interfaces: seen.map(({ interfaceName }) => interfaceName),
      addressesOwned: owned.length,
    };
  });
}
