/**
 * The Internet checksum (RFC 1071) of the parts as if they were joined: the complement of the one's
 * complement sum of their 16-bit words, big-endian, the last byte padded with a zero. With the checksum
 * itself among the parts the result is 0 exactly if it is right.
 */
export function internetChecksum(parts: readonly Uint8Array[]): number {
  let sum = 0;
  let odd = false;
  for (const part of parts) {
    for (const byte of part) {
      sum += odd ? byte : byte << 8;
      odd = !odd;
    }
  }
  // The end-around carry may be added once at the end (RFC 1071 §2 (1)): a number holds 2^53.
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}
