import type { Lease } from 'kubernetes-types/coordination/v1.d.ts';

/** What a Lease says. Its times are those of its holder's clock: for people, never to be judged by. */
export interface LeaseRecord {
  /** Empty where it was released. */
  readonly holder: string;
  readonly durationSeconds: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly transitions: number;
}

/** A Lease that the API server has, at one version. */
export interface StoredLease {
  readonly record: LeaseRecord;
  readonly resourceVersion: string;
  /** All of it, also what others put there. */
  readonly lease: Lease;
}

export function readLease(lease: Lease): StoredLease {
  const { metadata, spec } = lease;
  return {
    record: {
      holder: spec?.holderIdentity ?? '',
      durationSeconds: spec?.leaseDurationSeconds ?? 0,
      acquireTime: spec?.acquireTime ?? '',
      renewTime: spec?.renewTime ?? '',
      transitions: spec?.leaseTransitions ?? 0,
    },
    resourceVersion: metadata?.resourceVersion ?? '',
    lease,
  };
}

/** A Lease that says something else of its holder, and all the rest as before. */
export function writeLease(lease: Lease, record: LeaseRecord): Lease {
  return {
    ...lease,
    spec: {
      ...lease.spec,
      holderIdentity: record.holder,
      leaseDurationSeconds: record.durationSeconds,
      acquireTime: record.acquireTime,
      renewTime: record.renewTime,
      leaseTransitions: record.transitions,
    },
  };
}

/** metav1.MicroTime: RFC 3339 with exactly six digits of a second. */
export function microTime(date: Date): string {
  return `${date.toISOString().slice(0, -1)}000Z`;
}
