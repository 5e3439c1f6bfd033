import { addressToBytes, familyOf, isMulticast, macFromBytes } from '@fairlead/ip';
import type { IpAddress, MacAddress } from '@fairlead/ip';

/** All nodes on the link (RFC 4291 §2.7.1). */
export const allNodesGroup = 'ff02::1' as IpAddress;

/**
 * The link-layer address of an IPv6 group: 33:33 and its last four bytes (RFC 2464 §7).
 * @throws RangeError for any other address.
 */
export function multicastMac(group: IpAddress): MacAddress {
  if (familyOf(group) !== 6 || !isMulticast(group)) {
    throw new RangeError(`an IPv6 group is wanted, not ${group}`);
  }
  return macFromBytes(Uint8Array.of(0x33, 0x33, ...addressToBytes(group).subarray(12)));
}
