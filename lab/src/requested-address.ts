import { parseAddress, parsePrefix, type IpAddress, type Prefix } from '@fairlead/ip';

/** @throws RangeError where the text is no address. */
export function requireAddress(text: string): IpAddress {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new RangeError(`an address like 192.0.2.11 or 2001:db8::11, not ${JSON.stringify(text)}`);
}

/** @throws RangeError where the text is no address with a prefix length. */
export function requirePrefix(text: string): Prefix {
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return prefix;
  throw new RangeError(
    `an address with its prefix length, like 192.0.2.11/24, not ${JSON.stringify(text)}`,
  );
}
