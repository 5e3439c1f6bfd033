import { formatIpv4, formatIpv6, isMapped, parseIpv4Text, parseIpv6Text } from './address-text.ts';
import { remembered, rememberedBytes } from './remembered.ts';

/** The version of the Internet Protocol. */
export type IpFamily = 4 | 6;

/**
 * An IPv4 or IPv6 address as its canonical text (RFC 5952 for IPv6): two values are the same address
 * exactly if they are equal, so it serves as a Map key. Only the functions of this package make one.
 */
export type IpAddress = string & { readonly __brand: 'IpAddress' };

/**
 * Reads an address. IPv4 is four decimal octets without leading zeros; IPv6 is any form of RFC 4291
 * §2.2 in either case, without a zone or brackets. An IPv4-mapped address stays an IPv6 one.
 */
export function parseAddress(text: string): IpAddress | undefined {
  const bytes = text.includes(':') ? parseIpv6Text(text) : parseIpv4Text(text);
  return bytes && addressFromBytes(bytes);
}

/** The family of an address. */
export function familyOf(address: IpAddress): IpFamily {
  return address.includes(':') ? 6 : 4;
}

/** How many bits an address of this family has. */
export function addressBits(family: IpFamily): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** The 4 or 16 bytes of an address, network order; a fresh array each time. */
export function addressToBytes(address: IpAddress): Uint8Array {
  return bytesOf(address).slice();
}

const bytesOf = remembered(256, (address: IpAddress): Uint8Array => {
  const bytes = familyOf(address) === 4 ? parseIpv4Text(address) : parseIpv6Text(address);
  if (bytes === undefined) throw new RangeError(`not an IP address: ${JSON.stringify(address)}`);
  return bytes;
});

/**
 * The address in 4 or 16 bytes, network order.
 * @throws RangeError where there are neither 4 nor 16 bytes.
 */
export function addressFromBytes(bytes: Uint8Array): IpAddress {
  return addressOf(bytes);
}

const addressOf = rememberedBytes(512, (bytes): IpAddress => {
  if (bytes.length === 4) return formatIpv4(bytes) as IpAddress;
  if (bytes.length === 16) return formatIpv6(bytes) as IpAddress;
  throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`);
});

/**
 * The 16 bytes, network order, under which either family is a key in our BPF maps: IPv6 as it is, IPv4
 * as the IPv4-mapped `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2).
 */
export function addressToMappedBytes(address: IpAddress): Uint8Array {
  const bytes = addressToBytes(address);
  if (bytes.length === 16) return bytes;
  const mapped = new Uint8Array(16);
  mapped.fill(0xff, 10, 12);
  mapped.set(bytes, 12);
  return mapped;
}

/**
 * The address that `addressToMappedBytes` wrote: an IPv4-mapped one is read as IPv4.
 * @throws RangeError where there are not 16 bytes.
 */
export function addressFromMappedBytes(bytes: Uint8Array): IpAddress {
  if (bytes.length !== 16)
    throw new RangeError(`a mapped address has 16 bytes, not ${bytes.length}`);
  return addressFromBytes(isMapped(bytes) ? bytes.subarray(12) : bytes);
}

/** An address as an integer: 0 to 2^32 - 1 or 2^128 - 1. */
export function addressToInteger(address: IpAddress): bigint {
  const bytes = addressToBytes(address);
  if (bytes.length === 4) return BigInt(new DataView(bytes.buffer).getUint32(0));
  return BigInt(`0x${bytes.toHex()}`);
}

/**
 * The address of that integer.
 * @throws RangeError where the family has no such address.
 */
export function addressFromInteger(family: IpFamily, integer: bigint): IpAddress {
  const bits = addressBits(family);
  if (integer < 0n || integer >> BigInt(bits) !== 0n) {
    throw new RangeError(`an IPv${family} address is between 0 and 2^${bits} - 1, not ${integer}`);
  }
  const bytes = new Uint8Array(bits / 8);
  const view = new DataView(bytes.buffer);
  if (family === 4) view.setUint32(0, Number(integer));
  else {
    view.setBigUint64(0, integer >> 64n);
    view.setBigUint64(8, BigInt.asUintN(64, integer));
  }
  return addressFromBytes(bytes);
}
