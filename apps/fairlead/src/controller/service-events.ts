import type { PublishedStatus } from '@fairlead/cluster';
import type { EventFact } from '@fairlead/kube';
import { ownAddresses, sameAddresses } from './compare-status.ts';
import { ALLOCATED, ANNOUNCED, conditionOf } from './findings.ts';

/** An event without the object that it is about. */
export type Happening = Omit<EventFact, 'regarding'>;

/** What people are told when the status of a Service has changed: transitions only, never what stays. */
export function serviceEvents(
  before: PublishedStatus,
  after: PublishedStatus,
): readonly Happening[] {
  return [...allocationEvents(before, after), ...announcementEvents(before, after)];
}

function allocationEvents(before: PublishedStatus, after: PublishedStatus): readonly Happening[] {
  const had = ownAddresses(before);
  const condition = conditionOf(after, ALLOCATED);
  const action = 'Allocate';
  if (condition === undefined) {
    const note =
      had.length === 0 ? 'Is no longer ours.' : `Is no longer ours; ${had.join(', ')} is free.`;
    return [{ type: 'Normal', reason: 'Released', action, note }];
  }
  const told = conditionOf(before, ALLOCATED);
  const same = told?.status === condition.status && told.reason === condition.reason;
  if (condition.status === 'True') {
    if (same && sameAddresses(had, after.addresses)) return [];
    const changed = had.length > 0 && !sameAddresses(had, after.addresses);
    const note = changed ? `${condition.message} Before: ${had.join(', ')}.` : condition.message;
    return [{ type: 'Normal', reason: changed ? 'AddressChanged' : 'Allocated', action, note }];
  }
  if (same) return [];
  const lost = had.length > 0 && after.addresses.length === 0 ? ` It had ${had.join(', ')}.` : '';
  const note = `${condition.message}${lost}`;
  return [{ type: 'Warning', reason: 'AllocationFailed', action, note }];
}

/** That there is nothing to announce is told by the allocation already. */
function announcementEvents(before: PublishedStatus, after: PublishedStatus): readonly Happening[] {
  const told = conditionOf(before, ANNOUNCED);
  const condition = conditionOf(after, ANNOUNCED);
  if (condition === undefined || condition.reason === 'NotAllocated') return [];
  const same = told?.status === condition.status && told.reason === condition.reason;
  if (same || condition.status === 'Unknown') return [];
  const { message: note } = condition;
  const action = 'Announce';
  if (condition.status === 'False')
    return [{ type: 'Warning', reason: 'AnnounceFailed', action, note }];
  // That a new address can be announced is what everybody expects.
  return told?.status === 'False' && told.reason !== 'NotAllocated'
    ? [{ type: 'Normal', reason: 'Announced', action, note }]
    : [];
}
