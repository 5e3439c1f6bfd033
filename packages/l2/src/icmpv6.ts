import { addressFromBytes, addressToBytes, familyOf, type IpAddress } from '@fairlead/ip';
import { internetChecksum, ProtocolError, Reader, Writer } from '@fairlead/wire';

/** IANA, Protocol Numbers: ICMP for IPv6. */
const icmpv6Protocol = 58;
const ipv6HeaderLength = 40;
/** Where the ICMP message begins in the packet: behind the IPv6 header. */
export const icmpOffset = ipv6HeaderLength;

/** An ICMPv6 message right behind an IPv6 header, its checksum verified. */
export interface Icmpv6Packet {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly hopLimit: number;
  /** The message from its type on. */
  readonly message: Uint8Array;
}

/**
 * Reads an IPv6 packet that carries ICMPv6 without extension headers (neighbour discovery has none: RFC
 * 6980 §5 forbids fragments). Bytes behind the packet's declared length are padding of the frame.
 * @throws ProtocolError `truncated`, `bad-ip-version`, `not-icmpv6`, `bad-checksum`.
 */
export function decodeIcmpv6(packet: Uint8Array): Icmpv6Packet {
  // version 4 bits, class 8, flow label 20 | payload length 2 | next header 1 | hop limit 1 | source 16 | destination 16
  const reader = new Reader(packet);
  const header = reader.take(ipv6HeaderLength);
  const version = header.u32() >>> 28;
  if (version !== 6) throw new ProtocolError('bad-ip-version', 0, `version ${version}, not 6`);
  const length = header.u16();
  const nextHeader = header.u8();
  if (nextHeader !== icmpv6Protocol) {
    throw new ProtocolError('not-icmpv6', 6, `next header ${nextHeader}, not ${icmpv6Protocol}`);
  }
  const hopLimit = header.u8();
  const source = header.bytes(16);
  const destination = header.bytes(16);
  const message = reader.bytes(length);
  // type 1 | code 1 | checksum 2
  new Reader(message, icmpOffset).skip(4);
  if (checksumOf(source, destination, message) !== 0) {
    throw new ProtocolError(
      'bad-checksum',
      icmpOffset + 2,
      `${message.length} bytes do not add up`,
    );
  }
  return {
    source: addressFromBytes(source),
    destination: addressFromBytes(destination),
    hopLimit,
    message,
  };
}

/** The IPv6 packet; the checksum of the message is filled in here. */
export function encodeIcmpv6(packet: Icmpv6Packet): Uint8Array {
  const source = ipv6Bytes(packet.source);
  const destination = ipv6Bytes(packet.destination);
  const { message } = packet;
  const writer = new Writer(ipv6HeaderLength + message.length)
    .u32(6 * 2 ** 28)
    .u16(message.length)
    .u8(icmpv6Protocol)
    .u8(packet.hopLimit)
    .bytes(source)
    .bytes(destination)
    .bytes(message)
    .patchU16(icmpOffset + 2, 0);
  const zeroed = writer.finish().subarray(icmpOffset);
  return writer.patchU16(icmpOffset + 2, checksumOf(source, destination, zeroed)).finish();
}

/** The bytes of an IPv6 address; a mistake of ours where it is none. */
export function ipv6Bytes(address: IpAddress): Uint8Array {
  if (familyOf(address) !== 6) throw new RangeError(`an IPv6 address is wanted, not ${address}`);
  return addressToBytes(address);
}

/** RFC 8200 §8.1: the pseudo-header is part of the sum. */
function checksumOf(source: Uint8Array, destination: Uint8Array, message: Uint8Array): number {
  const lengthAndProtocol = new Writer(8).u32(message.length).u32(icmpv6Protocol).finish();
  return internetChecksum([source, destination, lengthAndProtocol, message]);
}
