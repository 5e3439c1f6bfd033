import { rememberedBytes } from './remembered.ts';

/**
 * A 48-bit link-layer address as `aa:bb:cc:dd:ee:ff`, lower case: two values are the same address exactly
 * if they are equal.
 */
export type MacAddress = string & { readonly __brand: 'MacAddress' };

const sixOctets = /^[\da-f]{2}(?::[\da-f]{2}){5}$/u;

/** Reads six octets of two hexadecimal digits, in either case, with colons between. */
export function parseMac(text: string): MacAddress | undefined {
  const lower = text.toLowerCase();
  return sixOctets.test(lower) ? (lower as MacAddress) : undefined;
}

/** The 6 bytes of the address in the order of transmission; a fresh array each time. */
export function macToBytes(mac: MacAddress): Uint8Array {
  return Uint8Array.fromHex(mac.replaceAll(':', ''));
}

/**
 * The address in 6 bytes.
 * @throws RangeError where there are not 6.
 */
export function macFromBytes(bytes: Uint8Array): MacAddress {
  return macOf(bytes);
}

const macOf = rememberedBytes(256, (bytes): MacAddress => {
  if (bytes.length !== 6) throw new RangeError(`a MAC address has 6 bytes, not ${bytes.length}`);
  const octets = bytes.toHex().match(/../gu) ?? [];
  return octets.join(':') as MacAddress;
});
