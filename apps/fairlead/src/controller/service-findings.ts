import type { ReachIndex } from '@fairlead/announce';
import type {
  Allocation,
  ClusterState,
  LoadBalancerService,
  Problem,
  ServiceKey,
} from '@fairlead/cluster';
import type { IpAddress } from '@fairlead/ip';
import {
  ALLOCATED,
  ANNOUNCED,
  type AllocatedReason,
  type AnnouncedReason,
  type Finding,
} from './findings.ts';

/** What is wrong with Services, by their keys. */
export type ProblemsByService = ReadonlyMap<ServiceKey, readonly Problem[]>;

/** A foreign host that uses an address of a Service, as a node saw it. */
export interface ConflictReport {
  readonly node: string;
  readonly problem: Problem;
}

export type ConflictsByService = ReadonlyMap<ServiceKey, readonly ConflictReport[]>;

/** Problems in words: each names its field and value. */
export function problemText(problems: readonly Problem[]): string {
  return problems
    .map(({ field, value, message }) => {
      const where = [field, value === '' ? '' : JSON.stringify(value)].filter(
        (part) => part !== '',
      );
      return where.length === 0 ? message : `${where.join(' ')}: ${message}`;
    })
    .join(' ');
}

/** What `Allocated` says of a Service that is served. `own` is what its object has wrong and can be left out. */
export function allocatedFinding(
  state: ClusterState,
  { addresses, problems }: Allocation,
  own: readonly Problem[],
): Finding {
  const trouble = problemText([...problems, ...own]);
  if (addresses.length === 0) {
    return { type: ALLOCATED, status: 'False', reason: whyNone(state, problems), message: trouble };
  }
  const has = addresses.map(({ address, pool }) => `${address} from pool ${pool}`).join(', ');
  const reason: AllocatedReason = problems.length === 0 ? 'Allocated' : 'AllocatedInPart';
  const message = trouble === '' ? `${has}.` : `${has}. ${trouble}`;
  return { type: ALLOCATED, status: 'True', reason, message };
}

function whyNone(state: ClusterState, problems: readonly Problem[]): AllocatedReason {
  if (problems.some(({ field }) => field !== '')) return 'RequestRefused';
  return state.pools.length === 0 ? 'NoAddressPool' : 'NoFreeAddress';
}

/** What `Allocated` says of a Service in which something cannot be used, and which keeps these addresses. */
export function invalidFinding(
  problems: readonly Problem[],
  addresses: readonly IpAddress[],
): Finding {
  const message = `The Service is not served until it is mended. ${problemText(problems)}`;
  const reason: AllocatedReason = addresses.length === 0 ? 'Invalid' : 'AddressKept';
  return { type: ALLOCATED, status: 'False', reason, message: message.trimEnd() };
}

/** What `Announced` says where there is nothing to announce. */
export const notAllocatedFinding: Finding = Object.freeze({
  type: ANNOUNCED,
  status: 'False',
  reason: 'NotAllocated' satisfies AnnouncedReason,
  message: `There is no address to announce; the condition ${ALLOCATED} says why.`,
});

/** What `Announced` says: by which method, where. Who answers now is in no Service, as that changes. */
export function announcedFinding(
  service: LoadBalancerService,
  { addresses }: Allocation,
  reach: ReachIndex,
  conflicts: readonly ConflictReport[],
): Finding {
  if (addresses.length === 0) return notAllocatedFinding;
  const finding = (
    status: Finding['status'],
    reason: AnnouncedReason,
    message: string,
  ): Finding => ({
    type: ANNOUNCED,
    status,
    reason,
    message,
  });
  const words: string[] = [];
  const nowhere: string[] = [];
  for (const { address, pool } of addresses) {
    const found = reach.reachOf(service, address, pool);
    switch (found.kind) {
      case 'unknown':
        return finding(
          'Unknown',
          'NoAgents',
          'No agent has reported yet: is the DaemonSet running?',
        );
      case 'nowhere':
        nowhere.push(found.message);
        break;
      case 'reached':
        words.push(
          `${address} by ${found.method} on ${nodesOf(found.nodes)} (${listOf(found.interfaces)}).`,
        );
        break;
      default:
        return found satisfies never;
    }
  }
  const ours = conflicts.filter(({ problem }) =>
    addresses.some(({ address }) => address === problem.value),
  );
  if (ours.length > 0) {
    const said = ours.slice(0, shown).map(({ node, problem }) => {
      return `${problem.value}: ${problem.message} (told by Node/${node})`;
    });
    return finding('False', 'AddressConflict', said.join(' '));
  }
  if (nowhere.length > 0) return finding('False', 'NotOnLink', [...nowhere, ...words].join(' '));
  return finding('True', 'Announced', words.join(' '));
}

const shown = 3;

function nodesOf(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`;
}

function listOf(names: readonly string[]): string {
  return `${names.slice(0, shown).join(', ')}${names.length > shown ? ', …' : ''}`;
}

/** What is wrong with Services themselves. */
export function problemsByService({ problems }: ClusterState): ProblemsByService {
  return grouped(problems, (problem) => problem);
}

const macAddress = /\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/iu;

/**
 * What nodes report of foreign hosts that use addresses of Services. A node reports more of a Service than that,
 * as that it is not on its network, which is nothing that anybody has to mend: only a conflict names a MAC address.
 * What a node reported last before it failed is over.
 */
export function conflictsByService({ nodes }: ClusterState): ConflictsByService {
  const reports = nodes
    .filter(({ ready }) => ready)
    .flatMap(({ name, report }) =>
      (report?.problems ?? [])
        .filter(({ message }) => macAddress.test(message))
        .map((problem) => ({ node: name, problem })),
    );
  return grouped(reports, ({ problem }) => problem);
}

const servicePrefix = 'Service/';

function grouped<T>(
  all: readonly T[],
  problemOf: (one: T) => Problem,
): ReadonlyMap<ServiceKey, readonly T[]> {
  const groups = new Map<ServiceKey, T[]>();
  for (const one of all) {
    const { object } = problemOf(one);
    if (!object.startsWith(servicePrefix)) continue;
    const key = object.slice(servicePrefix.length) as ServiceKey;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}
