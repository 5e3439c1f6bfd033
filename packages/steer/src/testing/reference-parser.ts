import { addressFromBytes, type IpFamily } from '@fairlead/ip';
import { protocolNumber, type Flow } from '../flow.ts';
import { errorTypes } from './frames.ts';

/**
 * What bpf/steer-parse.h may take a frame for, written from the specifications: the flow of a whole, unfragmented
 * TCP segment or UDP datagram, or of the one that an ICMP error there tells of; or undefined.
 */
export function parseFlow(frame: Uint8Array): Flow | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 14) return undefined;
  const packet = frame.subarray(14);
  switch (view.getUint16(12)) {
    case 0x0800:
      return parseIpv4(packet);
    case 0x86dd:
      return parseIpv6(packet);
    default:
      return undefined;
  }
}

/** RFC 791 §3.1 */
function parseIpv4(packet: Uint8Array): Flow | undefined {
  if (packet.length < 20) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const header = (view.getUint8(0) & 15) * 4;
  const total = view.getUint16(2);
  const fragmented = (view.getUint16(6) & 0x3fff) !== 0;
  if (view.getUint8(0) >> 4 !== 4 || header < 20 || fragmented) return undefined;
  if (total < header || total > packet.length) return undefined;
  const [source, destination] = [packet.subarray(12, 16), packet.subarray(16, 20)];
  if (view.getUint8(9) === 1) return parseError(4, destination, packet.subarray(header, total));
  return parseTransport(view.getUint8(9), source, destination, packet.subarray(header, total));
}

/** RFC 8200 §3; RFC 4291 §2.5.5.2 */
function parseIpv6(packet: Uint8Array): Flow | undefined {
  if (packet.length < 40) return undefined;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const end = 40 + view.getUint16(4);
  if (view.getUint8(0) >> 4 !== 6 || end > packet.length) return undefined;
  const [source, destination] = [packet.subarray(8, 24), packet.subarray(24, 40)];
  if (addressFromBytes(destination).startsWith('::ffff:')) return undefined;
  if (view.getUint8(6) === 58) return parseError(6, destination, packet.subarray(40, end));
  return parseTransport(view.getUint8(6), source, destination, packet.subarray(40, end));
}

/** RFC 9293 §3.1, RFC 768 */
function parseTransport(
  protocol: number,
  source: Uint8Array,
  destination: Uint8Array,
  segment: Uint8Array,
): Flow | undefined {
  const tcp = protocol === protocolNumber.TCP;
  if (!tcp && protocol !== protocolNumber.UDP) return undefined;
  if (segment.length < (tcp ? 20 : 8)) return undefined;
  const view = new DataView(segment.buffer, segment.byteOffset, segment.byteLength);
  return {
    protocol: tcp ? 'TCP' : 'UDP',
    source: addressFromBytes(source),
    sourcePort: view.getUint16(0),
    destination: addressFromBytes(destination),
    destinationPort: view.getUint16(2),
  };
}

/** RFC 792; RFC 4443 §3. It quotes what was sent in answer to the flow. */
function parseError(
  family: IpFamily,
  destination: Uint8Array,
  message: Uint8Array,
): Flow | undefined {
  const types: readonly number[] = errorTypes[family];
  const quoted = message.subarray(8);
  const [first = 0] = quoted;
  if (!types.includes(message[0] ?? 0) || first >> 4 !== family) return undefined;
  const header = family === 4 ? (first & 15) * 4 : 40;
  if (header < 20 || quoted.length < header + 8) return undefined;
  const view = new DataView(quoted.buffer, quoted.byteOffset, quoted.byteLength);
  if (family === 4 && (view.getUint16(6) & 0x1fff) !== 0) return undefined;
  const [from, to] =
    family === 4
      ? [quoted.subarray(12, 16), quoted.subarray(16, 20)]
      : [quoted.subarray(8, 24), quoted.subarray(24, 40)];
  const protocol = quoted[family === 4 ? 9 : 6];
  if (protocol !== protocolNumber.TCP && protocol !== protocolNumber.UDP) return undefined;
  if (Buffer.compare(from, destination) !== 0) return undefined;
  return {
    protocol: protocol === protocolNumber.TCP ? 'TCP' : 'UDP',
    source: addressFromBytes(to),
    sourcePort: view.getUint16(header + 2),
    destination: addressFromBytes(from),
    destinationPort: view.getUint16(header),
  };
}
