import { addressFromBytes, addressToBytes, familyOf, type IpAddress } from './address.ts';
import { parsePrefix, prefixContains, type Prefix } from './prefix.ts';

type SpecialNetworks = Readonly<Record<4 | 6, Prefix>>;

// IANA special-purpose address registries, with the RFC that made the entry.
const linkLocal = networks('169.254.0.0/16' /* RFC 3927 */, 'fe80::/10' /* RFC 4291 §2.5.6 */);
const multicast = networks('224.0.0.0/4' /* RFC 1112 §4 */, 'ff00::/8' /* RFC 4291 §2.7 */);
const unspecified = networks('0.0.0.0/32' /* RFC 1122 §3.2.1.3 */, '::/128' /* RFC 4291 §2.5.2 */);

/** Whether the address means something on its own link only. */
export function isLinkLocal(address: IpAddress): boolean {
  return prefixContains(linkLocal[familyOf(address)], address);
}

/** Whether the address names a group. */
export function isMulticast(address: IpAddress): boolean {
  return prefixContains(multicast[familyOf(address)], address);
}

/** Whether the address is `0.0.0.0` or `::`. */
export function isUnspecified(address: IpAddress): boolean {
  return prefixContains(unspecified[familyOf(address)], address);
}

/**
 * The group to which neighbour solicitations for the address are sent (RFC 4291 §2.7.1): ff02::1:ff00:0/104
 * and the last 24 bits of the address.
 * @throws RangeError for an IPv4 address.
 */
export function solicitedNodeGroup(address: IpAddress): IpAddress {
  const bytes = addressToBytes(address);
  if (bytes.length !== 16) {
    throw new RangeError(`only an IPv6 address has a solicited-node group, not ${address}`);
  }
  bytes.set([0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff]);
  return addressFromBytes(bytes);
}

function networks(v4: string, v6: string): SpecialNetworks {
  const four = parsePrefix(v4);
  const six = parsePrefix(v6);
  if (four === undefined || six === undefined) throw new RangeError(`bad table: ${v4}, ${v6}`);
  return { 4: four, 6: six };
}
