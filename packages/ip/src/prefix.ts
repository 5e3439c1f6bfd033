import {
  addressBits,
  addressFromInteger,
  addressToInteger,
  familyOf,
  parseAddress,
  type IpAddress,
  type IpFamily,
} from './address.ts';

/** An address with a prefix length, as on an interface or in a list of networks. */
export interface Prefix {
  readonly family: IpFamily;
  /** As it was written: host bits are kept. `networkOf` clears them. */
  readonly address: IpAddress;
  /** In bits: 0 to 32 or 128. */
  readonly length: number;
}

const decimal = /^(?:0|[1-9]\d{0,2})$/u;

/** Reads `address/length`; host bits may be set. A bare address is not a prefix. */
export function parsePrefix(text: string): Prefix | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const lengthText = text.slice(slash + 1);
  if (address === undefined || !decimal.test(lengthText)) return undefined;
  const family = familyOf(address);
  const length = Number(lengthText);
  return length <= addressBits(family) ? { family, address, length } : undefined;
}

/** `address/length`, the address as it was written. */
export function formatPrefix(prefix: Prefix): string {
  return `${prefix.address}/${prefix.length}`;
}

/** Whether a bit behind the prefix length is set, as in `192.0.2.1/24`. */
export function hasHostBits(prefix: Prefix): boolean {
  return (addressToInteger(prefix.address) & hostMask(prefix)) !== 0n;
}

/** The same prefix with its host bits cleared. */
export function networkOf(prefix: Prefix): Prefix {
  const network = addressToInteger(prefix.address) & ~hostMask(prefix);
  return { ...prefix, address: addressFromInteger(prefix.family, network) };
}

/** Whether the address is inside the network; host bits of the prefix do not count. */
export function prefixContains(prefix: Prefix, address: IpAddress): boolean {
  if (familyOf(address) !== prefix.family) return false;
  const difference = addressToInteger(prefix.address) ^ addressToInteger(address);
  return difference <= hostMask(prefix);
}

/** Ones where a prefix has its host bits. */
export function hostMask(prefix: Prefix): bigint {
  return (1n << BigInt(addressBits(prefix.family) - prefix.length)) - 1n;
}
