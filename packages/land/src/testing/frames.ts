import { addressToBytes, macToBytes, type IpAddress, type MacAddress } from '@fairlead/ip';

/** For the tests: whom a frame is from and to. */
export interface Ends {
  readonly fromMac: MacAddress;
  readonly toMac: MacAddress;
  readonly from: IpAddress;
  readonly to: IpAddress;
}

/** An ICMP or ICMPv6 echo request (RFC 792, RFC 4443 §4.1). */
export function echoRequest(ends: Ends, identifier: number): Uint8Array {
  const { source, destination, version4 } = bytesOf(ends);
  const icmp = [version4 ? 8 : 128, 0, 0, 0, identifier >> 8, identifier & 0xff, 0, 1];
  // RFC 8200 §8.1: the checksum of ICMPv6 covers a pseudo-header too.
  const pseudo = version4 ? [] : [...source, ...destination, 0, 0, 0, icmp.length, 0, 0, 0, 58];
  icmp.splice(2, 2, ...checksum([...pseudo, ...icmp]));
  return ipFrame(ends, version4 ? 1 : 58, icmp);
}

/** Whether the frame is the reply to the request of that identifier. */
export function isEchoReply(frame: Uint8Array, from: IpAddress, identifier: number): boolean {
  const source = addressToBytes(from);
  const [at, ends, type] = source.length === 4 ? [26, 34, 0] : [22, 54, 129];
  return (
    source.every((byte, index) => frame[at + index] === byte) &&
    frame[ends] === type &&
    frame[ends + 4] === identifier >> 8 &&
    frame[ends + 5] === (identifier & 0xff)
  );
}

/** An SCTP packet with an INIT chunk (RFC 9260 §3.3.2), which opens an association. */
export function sctpInit(ends: Ends, fromPort: number, toPort: number): Uint8Array {
  const port = (value: number) => [value >> 8, value & 0xff];
  // Type, flags, length; tag; window; streams out, in; first sequence number.
  const init = [1, 0, 0, 20, 0, 0, 0, 9, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1];
  const packet = [...port(fromPort), ...port(toPort), 0, 0, 0, 0, 0, 0, 0, 0, ...init];
  const sum = crc32c(packet);
  packet.splice(8, 4, sum & 0xff, (sum >> 8) & 0xff, (sum >> 16) & 0xff, sum >>> 24);
  return ipFrame(ends, 132, packet);
}

function ipFrame(ends: Ends, protocol: number, payload: readonly number[]): Uint8Array {
  const { source, destination, version4 } = bytesOf(ends);
  const header = version4
    ? [0x45, 0, 0, 20 + payload.length, 0, 1, 0, 0, 64, protocol, 0, 0, ...source, ...destination]
    : [0x60, 0, 0, 0, 0, payload.length, protocol, 64, ...source, ...destination];
  if (version4) header.splice(10, 2, ...checksum(header));
  const etherType = version4 ? [0x08, 0x00] : [0x86, 0xdd];
  const macs = [...macToBytes(ends.toMac), ...macToBytes(ends.fromMac)];
  return Uint8Array.of(...macs, ...etherType, ...header, ...payload);
}

function bytesOf({ from, to }: Ends) {
  const [source, destination] = [addressToBytes(from), addressToBytes(to)];
  return { source, destination, version4: source.length === 4 };
}

/** RFC 1071 */
function checksum(bytes: readonly number[]): [number, number] {
  let sum = 0;
  for (const [index, byte] of bytes.entries()) sum += index % 2 === 0 ? byte << 8 : byte;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return [(~sum >> 8) & 0xff, ~sum & 0xff];
}

/** RFC 9260 appendix A */
function crc32c(bytes: readonly number[]): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f6_3b78 : 0);
  }
  return ~crc >>> 0;
}
