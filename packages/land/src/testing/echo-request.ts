import { addressToBytes, macToBytes, type IpAddress, type MacAddress } from '@fairlead/ip';

/** For the tests: an ICMP or ICMPv6 echo request in a frame (RFC 792, RFC 4443 §4.1). */
export function echoRequest(
  macs: { readonly from: MacAddress; readonly to: MacAddress },
  from: IpAddress,
  to: IpAddress,
  identifier: number,
): Uint8Array {
  const [source, destination] = [addressToBytes(from), addressToBytes(to)];
  const version4 = source.length === 4;
  const icmp = Uint8Array.of(version4 ? 8 : 128, 0, 0, 0, identifier >> 8, identifier & 0xff, 0, 1);
  // RFC 8200 §8.1: the checksum of ICMPv6 covers a pseudo-header too.
  const pseudo = version4 ? [] : [...source, ...destination, 0, 0, 0, icmp.length, 0, 0, 0, 58];
  icmp.set(checksum([...pseudo, ...icmp]), 2);
  const header = version4
    ? [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 1, 0, 0, ...source, ...destination]
    : [0x60, 0, 0, 0, 0, icmp.length, 58, 64, ...source, ...destination];
  if (version4) header.splice(10, 2, ...checksum(header));
  const etherType = version4 ? [0x08, 0x00] : [0x86, 0xdd];
  return Uint8Array.of(
    ...macToBytes(macs.to),
    ...macToBytes(macs.from),
    ...etherType,
    ...header,
    ...icmp,
  );
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

function checksum(bytes: readonly number[]): [number, number] {
  let sum = 0;
  bytes.forEach((byte, index) => (sum += index % 2 === 0 ? byte << 8 : byte));
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return [(~sum >> 8) & 0xff, ~sum & 0xff];
}
