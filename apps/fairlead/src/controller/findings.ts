import type { Condition, PublishedStatus } from '@fairlead/cluster';

/** Condition types on Services. */
export const ALLOCATED = 'fairlead.dev/Allocated';
export const ANNOUNCED = 'fairlead.dev/Announced';

/** Why a Service has its addresses, or has none. */
export type AllocatedReason =
  | 'Allocated'
  /** One address of two: PreferDualStack. */
  | 'AllocatedInPart'
  /** Something in the Service cannot be used, and it has nothing of ours. */
  | 'Invalid'
  /** Something in the Service cannot be used. It keeps what we gave it. */
  | 'AddressKept'
  | 'RequestRefused'
  | 'NoAddressPool'
  | 'NoFreeAddress';

/** Why its addresses reach the network, or do not. */
export type AnnouncedReason =
  | 'Announced'
  | 'NotAllocated'
  | 'NotOnLink'
  | 'AddressConflict'
  | 'NoAgents';

/** What a condition says, without since when. */
export interface Finding {
  readonly type: typeof ALLOCATED | typeof ANNOUNCED | 'Ready';
  readonly status: Condition['status'];
  /** UpperCamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** Of metav1.Condition. */
const longestMessage = 32_768;

/** Findings as conditions. The time of one that was there with the same status stays. */
export function datedConditions(
  findings: readonly Finding[],
  known: readonly Condition[],
  now: Date,
): readonly Condition[] {
  return findings.map(({ type, status, reason, message }) => {
    const before = known.find((condition) => condition.type === type);
    const since = before?.status === status ? before.lastTransitionTime : undefined;
    return {
      type,
      status,
      reason,
      message: message.slice(0, longestMessage),
      lastTransitionTime: since ?? kubernetesTime(now),
    };
  });
}

/** metav1.Time: RFC 3339 in whole seconds. */
function kubernetesTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`;
}

/** Whether the conditions say what was found, whatever their order and times. */
export function sayTheSame(
  conditions: readonly Condition[],
  findings: readonly Finding[],
): boolean {
  return (
    conditions.length === findings.length &&
    findings.every((finding) =>
      conditions.some(
        ({ type, status, reason, message }) =>
          type === finding.type &&
          status === finding.status &&
          reason === finding.reason &&
          message === finding.message.slice(0, longestMessage),
      ),
    )
  );
}

export function conditionOf(
  { conditions }: Pick<PublishedStatus, 'conditions'>,
  type: Finding['type'],
): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/**
 * Whether the addresses of a status are ours: we said that they are allocated, or that an unusable Service keeps
 * them. All others somebody else wrote.
 */
export function addressesAreOurs(status: Pick<PublishedStatus, 'conditions'>): boolean {
  const allocated = conditionOf(status, ALLOCATED);
  return allocated?.status === 'True' || allocated?.reason === 'AddressKept';
}
