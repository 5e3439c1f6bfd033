import type { NodeName } from '@fairlead/cluster';
import { nodeClass, type SegmentProblem, type SegmentSnapshot } from '@fairlead/membership';
import { isAnswering, type Claim } from '../claim.ts';
import type { SegmentPlan } from '../plan.ts';
import type { AddressReport, SegmentReport, Standing } from './protocol.ts';
import type { SegmentClaim } from './segment.ts';

export interface SegmentKnowledge {
  readonly plan: SegmentPlan;
  readonly claims: readonly SegmentClaim[];
  readonly snapshot: SegmentSnapshot;
  readonly problems: readonly SegmentProblem[];
  readonly sendFailures: ReadonlyMap<string, number>;
  readonly nowMs: number;
}

const standings: Readonly<Record<number, Standing>> = {
  [nodeClass.active]: 'active',
  [nodeClass.behind]: 'behind',
  [nodeClass.joining]: 'joining',
  [nodeClass.out]: 'out',
};

/** What a person may want to know of one segment, from what the worker knows. Pure. */
export function reportSegment(knowledge: SegmentKnowledge): SegmentReport {
  const { plan, claims, snapshot, problems, sendFailures, nowMs } = knowledge;
  return {
    interfaceName: plan.interfaceName,
    standing: standingOf(snapshot.class),
    members: snapshot.members.map((member) => ({
      node: member.node as NodeName,
      live: member.live,
      standing: standingOf(member.class),
      heardMs: member.ageMs,
    })),
    addresses: claims.map((each) => reportAddress(each, snapshot, nowMs)),
    problems: problems.map(({ message }) => message),
    counters: {
      received: snapshot.counters.received,
      discarded: snapshot.counters.discarded,
      ...prefixed('dropped', Object.entries(snapshot.counters.dropped)),
      ...prefixed('unsent', sendFailures),
    },
  };
}

function standingOf(code: number): Standing {
  return standings[code] ?? 'out';
}

function reportAddress(
  { plan, bucket, claim }: SegmentClaim,
  snapshot: SegmentSnapshot,
  nowMs: number,
): AddressReport {
  const holding = snapshot.announcements.find(({ id }) => id === plan.announcement);
  const holder = holding?.holders[bucket] ?? -1;
  return {
    address: plan.address,
    owner: holder < 0 ? undefined : (holding?.nodes[holder] as NodeName | undefined),
    answeringMs: answeringSince(claim, nowMs),
    state: stateOf(claim, holder === 0),
    conflict: claim.kind === 'conflict' ? claim.mac : undefined,
  };
}

function answeringSince(claim: Claim, nowMs: number): number | undefined {
  return claim.kind === 'probing' || claim.kind === 'answering' ? nowMs - claim.since : undefined;
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
