import { macFromBytes, macToBytes, type MacAddress } from '@fairlead/ip';
import { Reader, Writer } from '@fairlead/wire';

/** What a frame carries (IANA, IEEE 802 Numbers, EtherTypes). */
export const etherTypes = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

/** The address of all stations on the link (IEEE 802.3). */
export const broadcastMac = 'ff:ff:ff:ff:ff:ff' as MacAddress;

/** Bytes of an Ethernet II header. */
const ethernetHeaderLength = 14;

/** The two ends of a frame. */
export interface LinkAddresses {
  readonly destination: MacAddress;
  readonly source: MacAddress;
}

/** An Ethernet II frame without its check sequence, which the hardware adds and removes. */
export interface EthernetFrame extends LinkAddresses {
  /** Below 0x0600 it is the length of an IEEE 802.3 frame, not a type. */
  readonly etherType: number;
  /** With the padding of short frames; what is inside says where it ends. */
  readonly payload: Uint8Array;
}

/**
 * Reads an Ethernet II header; the payload is a view of `bytes`. VLAN tags are not looked through: the
 * kernel takes them off before a packet socket sees the frame.
 * @throws ProtocolError `truncated`.
 */
export function decodeEthernet(bytes: Uint8Array): EthernetFrame {
  // destination 6 | source 6 | type 2 | payload
  const reader = new Reader(bytes);
  const header = reader.take(ethernetHeaderLength);
  return {
    destination: macFromBytes(header.bytes(6)),
    source: macFromBytes(header.bytes(6)),
    etherType: header.u16(),
    payload: reader.rest(),
  };
}

/** The frame's bytes. Short frames are not padded to 60: the driver does that. */
export function encodeEthernet(frame: EthernetFrame): Uint8Array {
  return new Writer(ethernetHeaderLength + frame.payload.length)
    .bytes(macToBytes(frame.destination))
    .bytes(macToBytes(frame.source))
    .u16(frame.etherType)
    .bytes(frame.payload)
    .finish();
}
