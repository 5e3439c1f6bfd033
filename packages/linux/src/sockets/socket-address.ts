import {
  addressFromBytes,
  addressToBytes,
  familyOf,
  type IpAddress,
  type IpFamily,
} from '@fairlead/ip';

/** include/linux/socket.h */
export const AddressFamily = { inet: 2, inet6: 10, netlink: 16, packet: 17 } as const;

/** Where an IP datagram comes from or goes to. */
export interface IpEndpoint {
  readonly address: IpAddress;
  readonly port: number;
  /** The interface index that a link-local IPv6 address belongs to, else 0. */
  readonly scope: number;
}

/** sizeof(struct sockaddr_in), sizeof(struct sockaddr_in6), sizeof(struct sockaddr_ll), sizeof(struct sockaddr_nl) */
const size = { inet: 16, inet6: 28, packet: 20, netlink: 12 } as const;

/** struct sockaddr_storage: what any socket address fits into. */
export const largestSocketAddress = 128;

/*
 * Socket addresses mix byte orders: family and scope are the host's (little-endian on every platform we run on),
 * port, flow label and address are the network's.
 */

/** The all-zero address, on which a socket listens for any. */
export function unspecifiedAddress(family: IpFamily): IpAddress {
  return addressFromBytes(new Uint8Array(family === 4 ? 4 : 16));
}

/** struct sockaddr_in or sockaddr_in6. */
export function encodeIpEndpoint(address: IpAddress, port: number, scope: number): Uint8Array {
  const inet6 = familyOf(address) === 6;
  const bytes = new Uint8Array(inet6 ? size.inet6 : size.inet);
  bytes[0] = inet6 ? AddressFamily.inet6 : AddressFamily.inet;
  bytes[2] = port >>> 8;
  bytes[3] = port;
  bytes.set(addressToBytes(address), inet6 ? 8 : 4);
  if (inet6) new DataView(bytes.buffer).setUint32(24, scope, true);
  return bytes;
}

/** Reads struct sockaddr_in or sockaddr_in6; undefined for another family. */
export function decodeIpEndpoint(bytes: Uint8Array): IpEndpoint | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = bytes.length >= size.inet ? view.getUint16(0, true) : 0;
  if (family === AddressFamily.inet) {
    return { address: addressFromBytes(bytes.subarray(4, 8)), port: view.getUint16(2), scope: 0 };
  }
  if (family === AddressFamily.inet6 && bytes.length >= size.inet6) {
    return {
      address: addressFromBytes(bytes.subarray(8, 24)),
      port: view.getUint16(2),
      scope: view.getUint32(24, true),
    };
  }
  return undefined;
}

/** struct sockaddr_ll as bind(2) reads it: which frames of which interface. See packet(7). */
export function encodeLinkEndpoint(interfaceIndex: number, etherType: number): Uint8Array {
  const bytes = new Uint8Array(size.packet);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AddressFamily.packet, true);
  view.setUint16(2, etherType);
  view.setInt32(4, interfaceIndex, true);
  return bytes;
}

/** To whom a received frame was addressed, as the interface saw it. include/uapi/linux/if_packet.h */
const packetTypes = ['host', 'broadcast', 'multicast', 'other-host', 'outgoing'] as const;

export type PacketType = (typeof packetTypes)[number];

/** The packet type in a received struct sockaddr_ll. */
export function decodePacketType(bytes: Uint8Array): PacketType | undefined {
  return packetTypes[bytes[10] ?? packetTypes.length];
}

/** struct sockaddr_nl: a port and the multicast groups it listens to as a bit mask (groups above 32 are joined one by one). */
export function encodeNetlinkEndpoint(groups: number): Uint8Array {
  const bytes = new Uint8Array(size.netlink);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AddressFamily.netlink, true);
  view.setUint32(8, groups, true);
  return bytes;
}

/** The port of the sender in struct sockaddr_nl: 0 is the kernel, and only the kernel is to be believed. */
export function decodeNetlinkPort(bytes: Uint8Array): number | undefined {
  if (bytes.length < size.netlink) {
    return undefined;
  }
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
}
