import type { PublishedStatus } from '@fairlead/cluster';
import type { IpAddress } from '@fairlead/ip';
import { ANNOUNCED, sayTheSame } from './findings.ts';

export function sameAddresses(a: readonly IpAddress[], b: readonly IpAddress[]): boolean {
  return a.length === b.length && a.every((address, index) => address === b[index]);
}

/** Whether they say the same of the same object, whatever the times of their conditions. */
export function sameStatus(a: PublishedStatus, b: PublishedStatus): boolean {
  return (
    a.uid === b.uid &&
    sameAddresses(a.addresses, b.addresses) &&
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
  return a.uid === b.uid && sameAddresses(a.addresses, b.addresses) && verdicts(a) === verdicts(b);
}

function verdicts({ conditions }: PublishedStatus): string {
  return conditions
    .map(({ type, status, reason }) =>
      type === ANNOUNCED && status !== 'False' ? type : `${type} ${status} ${reason}`,
    )
    .toSorted()
    .join();
}
