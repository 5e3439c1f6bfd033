import { parsePrefix, prefixRange, rangesOverlap, type AddressRange } from '@fairlead/ip';

interface SpecialRange {
  readonly range: AddressRange;
  readonly what: string;
}

/** Addresses that no Service can have (IANA special-purpose registries, RFC 6890; RFC 4291 §2.4). */
const specialRanges: readonly SpecialRange[] = [
  special('0.0.0.0/8', '"this network"'),
  special('127.0.0.0/8', 'loopback'),
  special('224.0.0.0/4', 'multicast'),
  special('255.255.255.255/32', 'broadcast'),
  special('::/127', 'the unspecified and the loopback address'),
  special('::ffff:0:0/96', 'IPv4-mapped'),
  special('fe80::/10', 'link-local'),
  special('ff00::/8', 'multicast'),
];

/** What is special about addresses in the range, as in `multicast (224.0.0.0/4)`; undefined = nothing. */
export function specialAddresses(range: AddressRange): string | undefined {
  return specialRanges.find((entry) => rangesOverlap(entry.range, range))?.what;
}

function special(text: string, what: string): SpecialRange {
  const prefix = parsePrefix(text);
  if (prefix === undefined) throw new RangeError(`not a prefix: ${text}`);
  return { range: prefixRange(prefix), what: `${what} (${text})` };
}
