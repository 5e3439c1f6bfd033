import {
  addressToBytes,
  familyOf,
  macToBytes,
  parseAddress,
  type IpAddress,
  type IpFamily,
  type MacAddress,
} from '@fairlead/ip';
import { protocolNumber, type Flow } from '../flow.ts';

/** TCP flags, RFC 9293 §3.1. */
export const tcpFlags = { syn: 0x02, synAck: 0x12, ack: 0x10, rst: 0x04, fin: 0x11 } as const;

/** Types of ICMP and ICMPv6 errors: RFC 792; RFC 4443 §3. */
export const errorTypes = { 4: [3, 11, 12], 6: [1, 2, 3, 4] } as const;

const tooBig = { 4: 3, 6: 2 } as const;
const errorProtocol = { 4: 1, 6: 58 } as const;
const router = {
  4: parseAddress('198.51.100.1') as IpAddress,
  6: parseAddress('2001:db8:e::1') as IpAddress,
} as const;

export interface PacketOptions {
  /** Default: ACK. */
  readonly flags?: number;
  readonly payload?: Uint8Array;
  /** Bytes of IPv4 options, a multiple of 4. */
  readonly ipv4Options?: number;
  /** Flags and offset of IPv4 fragments. */
  readonly fragment?: number;
}

interface Link {
  readonly from: MacAddress;
  readonly to: MacAddress;
}

export interface FrameOptions extends PacketOptions, Link {}

export interface ErrorOptions extends Link {
  /** Default: too big. */
  readonly type?: number;
  /** What it is about; default: an answer to the flow. */
  readonly quoted?: Uint8Array;
  /** Flags and offset of IPv4 fragments. */
  readonly fragment?: number;
}

/** An Ethernet frame with a TCP segment or UDP datagram. Checksums are left out: nothing here looks at them. */
export function buildFrame(flow: Flow, options: FrameOptions): Uint8Array {
  return inEthernet(familyOf(flow.destination), buildPacket(flow, options), options);
}

/** A router's ICMP error about what was sent in answer to the flow. */
export function buildError(flow: Flow, options: ErrorOptions): Uint8Array {
  const { destination } = flow;
  const family = familyOf(destination);
  const { type = tooBig[family], quoted = buildPacket(answerTo(flow)), fragment = 0 } = options;
  const message = Buffer.concat([Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0), quoted]);
  const ends = { source: router[family], destination };
  const packet = inIp(ends, errorProtocol[family], message, { fragment });
  return inEthernet(family, packet, options);
}

/** An IP packet with a TCP segment or UDP datagram. */
export function buildPacket(flow: Flow, options: PacketOptions = {}): Uint8Array {
  const { flags, payload = new Uint8Array() } = options;
  const transport = flow.protocol === 'TCP' ? tcp(flow, flags) : udp(flow, payload.length);
  const content = Buffer.concat([transport, payload]);
  return inIp(flow, protocolNumber[flow.protocol], content, options);
}

/** The flow the other way. */
export function answerTo(flow: Flow): Flow {
  return {
    protocol: flow.protocol,
    source: flow.destination,
    sourcePort: flow.destinationPort,
    destination: flow.source,
    destinationPort: flow.sourcePort,
  };
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

type Ends = Pick<Flow, 'source' | 'destination'>;

function inEthernet(family: IpFamily, packet: Uint8Array, { from, to }: Link): Uint8Array {
  const etherType = family === 4 ? [0x08, 0x00] : [0x86, 0xdd];
  const header = Uint8Array.from([...macToBytes(to), ...macToBytes(from), ...etherType]);
  return new Uint8Array(Buffer.concat([header, packet]));
}

function inIp(
  ends: Ends,
  protocol: number,
  content: Uint8Array,
  options: PacketOptions,
): Uint8Array {
  const header =
    familyOf(ends.destination) === 4
      ? ipv4Header(ends, protocol, content.length, options)
      : ipv6Header(ends, protocol, content.length);
  return new Uint8Array(Buffer.concat([header, content]));
}

function ipv4Header(
  { source, destination }: Ends,
  protocol: number,
  length: number,
  { ipv4Options = 0, fragment = 0 }: PacketOptions,
): Uint8Array {
  const bytes = new Uint8Array(20 + ipv4Options).fill(1, 20);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, (4 << 4) | (bytes.length / 4));
  view.setUint16(2, bytes.length + length);
  view.setUint16(6, fragment);
  view.setUint8(8, 64);
  view.setUint8(9, protocol);
  bytes.set(addressToBytes(source), 12);
  bytes.set(addressToBytes(destination), 16);
  return bytes;
}

function ipv6Header({ source, destination }: Ends, protocol: number, length: number): Uint8Array {
  const bytes = new Uint8Array(40);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 6 << 4);
  view.setUint16(4, length);
  view.setUint8(6, protocol);
  view.setUint8(7, 64);
  bytes.set(addressToBytes(source), 8);
  bytes.set(addressToBytes(destination), 24);
  return bytes;
}
