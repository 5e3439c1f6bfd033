import type { NodeName } from '@fairlead/cluster';
import type { IpAddress } from '@fairlead/ip';
import {
  heartbeatPort,
  nodeClass,
  type SegmentProblem,
  type SegmentSnapshot,
} from '@fairlead/membership';
import { isAnswering, type Claim } from '../claim.ts';
import { answersMax } from '../responder-layout.ts';
import { nameSome } from './name-some.ts';
import type {
  AddressConflict,
  AddressReport,
  SegmentReport,
  SegmentSummary,
  Standing,
} from './protocol.ts';
import type { Owners } from './owners.ts';
import type { SegmentClaim } from './segment-claims.ts';

export interface SegmentKnowledge {
  readonly interfaceName: string;
  readonly claims: readonly SegmentClaim[];
  readonly snapshot: SegmentSnapshot;
  readonly problems: readonly SegmentProblem[];
  readonly sendFailures: ReadonlyMap<string, number>;
}

/** How many addresses a problem names. */
const NAMED = 5;

const standings: Readonly<Record<number, Standing>> = {
  [nodeClass.active]: 'active',
  [nodeClass.behind]: 'behind',
  [nodeClass.joining]: 'joining',
  [nodeClass.out]: 'out',
};

/** What a person may want to know of one segment, from what the worker knows. Pure. */
export function reportSegment(
  knowledge: SegmentKnowledge,
  owners: Owners,
  nowMs: number,
): SegmentReport {
  const { claims, snapshot } = knowledge;
  return {
    ...summarizeSegment(knowledge),
    addresses: claims.map((each) => reportAddress(each, snapshot.node, owners, nowMs)),
  };
}

/** What the cluster and programs are told of one segment. Pure. */
export function summarizeSegment(knowledge: SegmentKnowledge): SegmentSummary {
  const { interfaceName, claims, snapshot, problems, sendFailures } = knowledge;
  const held = new Map<number, { count: number; readonly buckets: Set<number> }>();
  const conflicts: AddressConflict[] = [];
  for (const { claim, bucket, plan } of claims) {
    const { address, announcement, services } = plan;
    if (claim.kind === 'conflict') conflicts.push({ address, mac: claim.mac, services });
    if (!isAnswering(claim)) continue;
    const of = held.getOrInsertComputed(announcement, () => ({ count: 0, buckets: new Set() }));
    of.count += 1;
    of.buckets.add(bucket);
  }
  return {
    interfaceName,
    standing: standingOf(snapshot.class),
    waiting: problems.find(({ code }) => code === 'joining')?.message,
    members: snapshot.members.map((member) => ({
      node: member.node as NodeName,
      live: member.live,
      standing: standingOf(member.class),
      heardMs: member.ageMs,
    })),
    held: Array.from(held, ([announcement, { count, buckets }]) => ({
      announcement,
      count,
      buckets: [...buckets].toSorted((a, b) => a - b),
    })),
    conflicts,
    problems: [
      ...problems.filter(({ code }) => code !== 'joining').map(({ message }) => message),
      ...noRoom(claims.filter(({ hasRoom }) => !hasRoom)),
    ],
    counters: {
      received: snapshot.counters.received,
      discarded: snapshot.counters.discarded,
      ...prefixed('dropped', Object.entries(snapshot.counters.dropped)),
      ...prefixed('unsent', sendFailures),
    },
  };
}

/** A segment of the plan that takes no part. */
export interface UnopenedSegment {
  readonly interfaceName: string;
  readonly reason: string;
}

/** @param addresses What would be claimed there. */
export function reportUnopened(
  segment: UnopenedSegment,
  addresses: Iterable<IpAddress>,
): SegmentReport {
  return {
    ...summarizeUnopened(segment),
    addresses: Array.from(addresses, (address) => {
      return {
        address,
        owner: undefined,
        ownedMs: undefined,
        state: 'not-owned',
        conflict: undefined,
      };
    }),
  };
}

export function summarizeUnopened({ interfaceName, reason }: UnopenedSegment): SegmentSummary {
  return {
    interfaceName,
    standing: 'out',
    waiting: undefined,
    members: [],
    held: [],
    conflicts: [],
    problems: [
      `Nothing is answered for here, as the sockets cannot be opened: ${reason}. It is tried again all the time. See which program has UDP port ${heartbeatPort}, as in \`ss -lunp\`, or whether the interface is about to go.`,
    ],
    counters: {},
  };
}

function noRoom(claims: readonly SegmentClaim[]): readonly string[] {
  if (claims.length === 0) return [];
  const addresses = claims.map(({ plan }) => plan.address);
  return [
    `The kernel has no room for ${nameSome(addresses, NAMED, ', ')}: this node does not answer for them. There are ${answersMax} places, and an address takes one for each interface, or each port of a bridge without an uplink. Use fewer Services, or a bridge with fewer ports.`,
  ];
}

function standingOf(code: number): Standing {
  return standings[code] ?? 'out';
}

function reportAddress(
  { plan, bucket, claim }: SegmentClaim,
  self: string,
  owners: Owners,
  nowMs: number,
): AddressReport {
  const owner = owners.of(plan.announcement, bucket);
  return {
    address: plan.address,
    owner: owner?.node as NodeName | undefined,
    ownedMs: owner && nowMs - owner.since,
    state: stateOf(claim, owner?.node === self),
    conflict: claim.kind === 'conflict' ? claim.mac : undefined,
  };
}

function stateOf(claim: Claim, owned: boolean): AddressReport['state'] {
  if (claim.kind === 'conflict') return 'conflict';
  if (isAnswering(claim)) return 'answering';
  return owned ? 'unprepared' : 'not-owned';
}

function prefixed(
  prefix: string,
  counts: Iterable<readonly [string, number]>,
): Record<string, number> {
  return Object.fromEntries(Array.from(counts, ([name, count]) => [`${prefix}-${name}`, count]));
}
