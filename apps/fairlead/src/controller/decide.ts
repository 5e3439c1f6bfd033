import { allocate, poolUsages, type Cooling, type PoolUsage } from '@fairlead/allocate';
import { ReachIndex } from '@fairlead/announce';
import {
  remember,
  type Allocation,
  type Allocations,
  type ClusterState,
  type Problem,
  type PublishedStatus,
  type ServiceKey,
} from '@fairlead/cluster';
import type { IpAddress } from '@fairlead/ip';
import { datedConditions, sayTheSame, type Finding } from './findings.ts';
import { ownAddresses, sameAddresses } from './compare-status.ts';
import type { SettledServices } from './settled-services.ts';
import {
  allocatedFinding,
  announcedFinding,
  conflictsByService,
  invalidFinding,
  notAllocatedFinding,
  problemsByService,
} from './service-findings.ts';

/** All that one round decides from. */
export interface RoundInput {
  readonly state: ClusterState;
  /** Statuses that were written, or are about to be, and that the state does not show yet. */
  readonly unseen: ReadonlyMap<ServiceKey, PublishedStatus>;
  /** Addresses that Services are to lose, and that the server shows, or may show, until that is written. */
  readonly leaving: ReadonlyMap<ServiceKey, readonly IpAddress[]>;
  /** Addresses that were freed a short time ago. */
  readonly cooling: Cooling;
  readonly now: Date;
  /** Of the rounds before; it makes no difference but to how long this takes. */
  readonly settled?: SettledServices;
}

/** A status that a Service must get. */
interface StatusChange {
  readonly before: PublishedStatus;
  /** Of a Service that is released, one without addresses and conditions. */
  readonly after: PublishedStatus;
}

/** All that one round decides: plain data, nothing done yet. */
export interface RoundDecisions {
  readonly changes: ReadonlyMap<ServiceKey, StatusChange>;
  readonly allocations: Allocations;
  readonly usages: ReadonlyMap<string, PoolUsage>;
  /** Problems that have no status to be told in. */
  readonly announcementProblems: readonly Problem[];
  /** Who holds which addresses after this round, refused Services included. */
  readonly held: ReadonlyMap<ServiceKey, readonly IpAddress[]>;
}

const nothing: Allocation = Object.freeze({ addresses: [], problems: [] });

const reachAmong = remember(
  (nodes: ClusterState['nodes'], announcements: ClusterState['announcements']) =>
    new ReachIndex({ nodes, announcements }),
);

/** Of two Announcements one may be in the other's way, which is found while Services are judged: in every round. */
function reachIn({ nodes, announcements }: ClusterState): ReachIndex {
  return announcements.length < 2
    ? reachAmong(nodes, announcements)
    : new ReachIndex({ nodes, announcements });
}

/**
 * Decides the status of every Service. Pure: what was written but not seen counts as if it were there, so that no
 * address is given twice while writes are on their way.
 */
export function decideRound(input: RoundInput): RoundDecisions {
  const { state, unseen, leaving, cooling, now } = input;
  const known = (key: ServiceKey, published: PublishedStatus): PublishedStatus => {
    const written = unseen.get(key);
    return written?.uid === published.uid ? written : published;
  };
  const withLeaving = (key: ServiceKey, addresses: readonly IpAddress[]): readonly IpAddress[] => {
    const more = leaving.get(key);
    return more === undefined ? addresses : [...addresses, ...more];
  };
  const { services, unservedServices = [] } = state;
  const statuses = new Map<ServiceKey, PublishedStatus>();
  const assigned = new Map<ServiceKey, readonly IpAddress[]>();
  for (const { key, published, namesClass = false } of services) {
    if (published === undefined) continue;
    const status = known(key, published);
    statuses.set(key, status);
    // A Service that names our class is nobody else's: what a predecessor gave it is adopted.
    assigned.set(key, withLeaving(key, namesClass ? status.addresses : ownAddresses(status)));
  }
  const reserved = new Map<ServiceKey, readonly IpAddress[]>();
  for (const { key, published } of unservedServices) {
    const status = known(key, published);
    statuses.set(key, status);
    reserved.set(key, withLeaving(key, ownAddresses(status)));
  }

  // Of a Service that the view does not have yet: whoever led before has given it its addresses.
  for (const [key, status] of unseen) {
    if (!statuses.has(key)) reserved.set(key, withLeaving(key, status.addresses));
  }

  // Which of several Announcements does not count is found only where all Services are looked at.
  const settled = state.announcements.length < 2 ? input.settled : undefined;
  settled?.begin(state);
  const allocations = allocate(state, assigned, { reserved, cooling });
  const reach = reachIn(state);
  const ownProblems = problemsByService(state);
  const conflicts = conflictsByService(state);
  const changes = new Map<ServiceKey, StatusChange>();
  const change = (
    key: ServiceKey,
    addresses: readonly IpAddress[],
    findings: readonly Finding[],
  ): void => {
    const before = statuses.get(key);
    if (before === undefined) return;
    if (sameAddresses(ownAddresses(before), addresses) && sayTheSame(before.conditions, findings))
      return;
    const conditions = datedConditions(findings, before.conditions, now);
    changes.set(key, { before, after: { uid: before.uid, addresses, conditions } });
  };

  const held = new Map<ServiceKey, readonly IpAddress[]>(reserved);
  for (const service of services) {
    const { key } = service;
    const allocation = allocations.get(key) ?? nothing;
    const addresses = allocation.addresses.map(({ address }) => address);
    held.set(key, withLeaving(key, addresses));
    const own = ownProblems.get(key) ?? [];
    const status = statuses.get(key);
    const plain = allocation.problems.length + own.length === 0 && !conflicts.has(key);
    if (plain && status && settled?.has(service, status, allocation.addresses)) continue;
    change(key, addresses, [
      allocatedFinding(state, allocation, own),
      announcedFinding(service, allocation, reach, conflicts.get(key) ?? []),
    ]);
    if (plain && status && !changes.has(key)) settled?.add(service, status, allocation.addresses);
  }
  for (const { key, why, published } of unservedServices) {
    switch (why) {
      case 'refused': {
        const kept = ownAddresses(statuses.get(key) ?? published);
        const invalid = invalidFinding(ownProblems.get(key) ?? [], kept);
        change(key, kept, [invalid, notAllocatedFinding]);
        break;
      }
      case 'released':
        change(key, [], []);
        break;
      default:
        why satisfies never;
    }
  }
  return {
    changes,
    allocations,
    usages: poolUsages(state, allocations, reserved),
    announcementProblems: [
      ...state.problems.filter(({ object }) => object.startsWith('Announcement/')),
      ...reach.shadows.values(),
    ],
    held,
  };
}
