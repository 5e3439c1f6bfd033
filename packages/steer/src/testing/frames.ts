import { addressToBytes, familyOf, macToBytes, type MacAddress } from '@fairlead/ip';
import { protocolNumber, type Flow } from '../flow.ts';

/** TCP flags, RFC 9293 §3.1. */
export const tcpFlags = { syn: 0x02, synAck: 0x12, ack: 0x10, rst: 0x04, fin: 0x11 } as const;

export interface FrameOptions {
  readonly from: MacAddress;
  readonly to: MacAddress;
  /** Default: ACK. */
  readonly flags?: number;
  readonly payload?: Uint8Array;
  /** Bytes of IPv4 options, a multiple of 4. */
  readonly ipv4Options?: number;
  /** Flags and offset of IPv4 fragments. */
  readonly fragment?: number;
}

/** An Ethernet frame with a TCP segment or UDP datagram. Checksums are left out: nothing here looks at them. */
export function buildFrame(flow: Flow, options: FrameOptions): Uint8Array {
  const payload = options.payload ?? new Uint8Array();
  const transport = flow.protocol === 'TCP' ? tcp(flow, options.flags) : udp(flow, payload.length);
  const length = transport.length + payload.length;
  const ipv4 = familyOf(flow.destination) === 4;
  const header = ipv4 ? ipv4Header(flow, length, options) : ipv6Header(flow, length);
  const etherType = ipv4 ? [0x08, 0x00] : [0x86, 0xdd];
  const ethernet = [...macToBytes(options.to), ...macToBytes(options.from), ...etherType];
  return new Uint8Array(Buffer.concat([Uint8Array.from(ethernet), header, transport, payload]));
}

function tcp({ sourcePort, destinationPort }: Flow, flags: number = tcpFlags.ack): Uint8Array {
  const view = new DataView(new ArrayBuffer(20));
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint8(12, 5 << 4);
  view.setUint8(13, flags);
  return new Uint8Array(view.buffer);
}

function udp({ sourcePort, destinationPort }: Flow, payload: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint16(4, 8 + payload);
  return new Uint8Array(view.buffer);
}

function ipv4Header(flow: Flow, length: number, options: FrameOptions): Uint8Array {
  const { ipv4Options = 0, fragment = 0 } = options;
  const bytes = new Uint8Array(20 + ipv4Options).fill(1, 20);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (4 << 4) | (bytes.length / 4));
  view.setUint16(2, bytes.length + length);
  view.setUint16(6, fragment);
  view.setUint8(8, 64);
  view.setUint8(9, protocolNumber[flow.protocol]);
  bytes.set(addressToBytes(flow.source), 12);
  bytes.set(addressToBytes(flow.destination), 16);
  return bytes;
}

function ipv6Header(flow: Flow, length: number): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 6 << 4);
  view.setUint16(4, length);
  view.setUint8(6, protocolNumber[flow.protocol]);
  view.setUint8(7, 64);
  bytes.set(addressToBytes(flow.source), 8);
  bytes.set(addressToBytes(flow.destination), 24);
  return bytes;
}
