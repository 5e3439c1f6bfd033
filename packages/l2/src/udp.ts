import { addressToBytes, familyOf, type IpAddress } from '@fairlead/ip';
import { internetChecksum, Writer } from '@fairlead/wire';
import { encodeEthernet, etherTypes, type LinkAddresses } from './ethernet.ts';

/** IANA, Protocol Numbers. */
const udpProtocol = 17;
const udpHeaderLength = 8;
const ipv4HeaderLength = 20;
const ipv6HeaderLength = 40;
/** Enough for a link; what it is sent to is on the same one. */
const hopLimit = 64;

/** A datagram between two addresses of one family. */
export interface UdpDatagram {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** TOS or traffic class, 8 bits. */
  readonly trafficClass: number;
  readonly payload: Uint8Array;
}

/**
 * The whole frame of a datagram: for a neighbour whose MAC is known, past the kernel's neighbour cache.
 * The caller keeps it within the MTU.
 */
export function encodeUdp(link: LinkAddresses, datagram: UdpDatagram): Uint8Array {
  const family = familyOf(datagram.source);
  if (familyOf(datagram.destination) !== family) {
    throw new RangeError(`${datagram.source} and ${datagram.destination} are of two families`);
  }
  const segment = encodeSegment(datagram);
  const header = family === 4 ? ipv4Header(datagram, segment) : ipv6Header(datagram, segment);
  const etherType = family === 4 ? etherTypes.ipv4 : etherTypes.ipv6;
  return encodeEthernet({ ...link, etherType, payload: Buffer.concat([header, segment]) });
}

/** RFC 768; the checksum over the pseudo-header of RFC 768 or RFC 8200 §8.1, which adds up alike. */
function encodeSegment({ source, destination, sourcePort, destinationPort, payload }: UdpDatagram) {
  const length = udpHeaderLength + payload.length;
  const writer = new Writer(length)
    .u16(sourcePort)
    .u16(destinationPort)
    .u16(length)
    .u16(0)
    .bytes(payload);
  const lengthAndProtocol = new Writer(8).u32(length).u32(udpProtocol).finish();
  const ends = [addressToBytes(source), addressToBytes(destination)];
  const checksum = internetChecksum([...ends, lengthAndProtocol, writer.finish()]);
  // RFC 768: a sum of zero is sent as all ones, since zero says that there is none.
  return writer.patchU16(6, checksum || 0xffff).finish();
}

/** RFC 791 §3.1, without options, not to be fragmented. */
function ipv4Header(datagram: UdpDatagram, segment: Uint8Array): Uint8Array {
  const writer = new Writer(ipv4HeaderLength)
    .u8(0x45)
    .u8(datagram.trafficClass)
    .u16(ipv4HeaderLength + segment.length)
    .u16(0)
    .u16(0x4000)
    .u8(hopLimit)
    .u8(udpProtocol)
    .u16(0)
    .bytes(addressToBytes(datagram.source))
    .bytes(addressToBytes(datagram.destination));
  return writer.patchU16(10, internetChecksum([writer.finish()])).finish();
}

/** RFC 8200 §3. */
function ipv6Header(datagram: UdpDatagram, segment: Uint8Array): Uint8Array {
  return new Writer(ipv6HeaderLength)
    .u32(6 * 2 ** 28 + datagram.trafficClass * 2 ** 20)
    .u16(segment.length)
    .u8(udpProtocol)
    .u8(hopLimit)
    .bytes(addressToBytes(datagram.source))
    .bytes(addressToBytes(datagram.destination))
    .finish();
}
