import { isLinkLocal, type IpAddress } from '@fairlead/ip';
import type { ClusterNode } from './state.ts';

/**
 * The node's own addresses, each once: its InternalIPs, and those that its agent has found on its interfaces.
 * Without link-local ones, which mean nothing on another network.
 */
export function addressesOfNode({ addresses, report }: ClusterNode): readonly IpAddress[] {
  if (report === undefined) return addresses;
  const reported = report.interfaces.flatMap((each) =>
    each.addresses.map(({ address }) => address),
  );
  return [...new Set([...addresses, ...reported.filter((address) => !isLinkLocal(address))])];
}
