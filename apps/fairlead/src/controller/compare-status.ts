import type { PublishedStatus } from '@fairlead/cluster';
import type { IpAddress } from '@fairlead/ip';
import { addressesAreOurs, ANNOUNCED, sayTheSame } from './findings.ts';

export function sameAddresses(a: readonly IpAddress[], b: readonly IpAddress[]): boolean {
  return a.length === b.length && a.every((address, index) => address === b[index]);
}

/** Those that we said. */
export function ownAddresses(status: PublishedStatus): readonly IpAddress[] {
  return addressesAreOurs(status) ? status.addresses : [];
}

/** Whether they say the same of the same object, whatever the times of conditions and what others wrote. */
export function sameStatus(a: PublishedStatus, b: PublishedStatus): boolean {
  return (
    a.uid === b.uid &&
    sameAddresses(ownAddresses(a), ownAddresses(b)) &&
    a.conditions.length === b.conditions.length &&
    a.conditions.every(({ type, ...rest }) =>
      sayTheSame(
        b.conditions.filter((other) => other.type === type),
        [{ type: type as 'Ready', ...rest }],
      ),
    )
  );
}

/**
 * Whether nothing differs but messages, or that agents have reported by now: that need not be told at once, and
 * concerns all Services together.
 */
export function differsInWordsOnly(a: PublishedStatus, b: PublishedStatus): boolean {
  return (
    a.uid === b.uid &&
    sameAddresses(ownAddresses(a), ownAddresses(b)) &&
    verdicts(a) === verdicts(b)
  );
}

function verdicts({ conditions }: PublishedStatus): string {
  return conditions
    .map(({ type, status, reason }) =>
      type === ANNOUNCED && status !== 'False' ? type : `${type} ${status} ${reason}`,
    )
    .toSorted()
    .join();
}
