import { addressFromBytes } from '@fairlead/ip';
import { protocolNumber, type Flow } from '../flow.ts';

/**
 * What bpf/steer.bpf.c may take a frame for, written from the specifications: the flow of a whole, unfragmented
 * TCP segment or UDP datagram, or undefined.
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
