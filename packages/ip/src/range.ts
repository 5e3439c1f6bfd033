import {
  addressFromInteger,
  addressToInteger,
  familyOf,
  parseAddress,
  type IpAddress,
  type IpFamily,
} from './address.ts';
import {
  formatPrefix,
  hasHostBits,
  hostMask,
  networkOf,
  parsePrefix,
  type Prefix,
} from './prefix.ts';

/** Addresses of one family from `first` to `last`, both included. Nothing is ever enumerated. */
export interface AddressRange {
  readonly family: IpFamily;
  readonly first: bigint;
  readonly last: bigint;
}

/** Why a text is no range. */
export type RangeFault = 'malformed' | 'inverted' | 'host-bits' | 'mixed-families';

/** A range, or why the text is none; `detail` is a sentence that names the value and what to write. */
export type RangeResult =
  | { readonly ok: true; readonly range: AddressRange }
  | { readonly ok: false; readonly reason: RangeFault; readonly detail: string };

const fromTo = /^([^\s-]+) *- *([^\s-]+)$/u;

/** Reads a network (`192.0.2.0/24`) or a range (`192.0.2.10-192.0.2.20`, spaces around `-` allowed). */
export function parseRange(text: string): RangeResult {
  const ends = fromTo.exec(text);
  if (ends !== null) return parseEnds(ends[1] ?? '', ends[2] ?? '');
  const prefix = parsePrefix(text);
  if (prefix !== undefined) return parseNetwork(prefix);
  const address = parseAddress(text);
  if (address !== undefined) {
    const bits = familyOf(address) === 4 ? 32 : 128;
    return fault('malformed', `${quote(text)} is a single address; write ${address}/${bits}`);
  }
  return fault(
    'malformed',
    `${quote(text)} is neither a network such as 192.0.2.0/24 nor a range such as 192.0.2.10-192.0.2.20`,
  );
}

/** `first-last`, or the bare address where there is only one. */
export function formatRange(range: AddressRange): string {
  const first = addressFromInteger(range.family, range.first);
  if (range.first === range.last) return first;
  return `${first}-${addressFromInteger(range.family, range.last)}`;
}

/** How many addresses the range holds. */
export function rangeSize(range: AddressRange): bigint {
  return range.last - range.first + 1n;
}

/** Whether the address lies in the range. */
export function rangeContains(range: AddressRange, address: IpAddress): boolean {
  if (familyOf(address) !== range.family) return false;
  const integer = addressToInteger(address);
  return range.first <= integer && integer <= range.last;
}

/** Whether the ranges have an address in common. */
export function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** All addresses of the prefix's network. */
export function prefixRange(prefix: Prefix): AddressRange {
  const hosts = hostMask(prefix);
  const address = addressToInteger(prefix.address);
  return { family: prefix.family, first: address & ~hosts, last: address | hosts };
}

function parseEnds(firstText: string, lastText: string): RangeResult {
  const first = parseAddress(firstText);
  if (first === undefined) return fault('malformed', `${quote(firstText)} is not an IP address`);
  const last = parseAddress(lastText);
  if (last === undefined) return fault('malformed', `${quote(lastText)} is not an IP address`);
  const family = familyOf(first);
  if (family !== familyOf(last)) {
    const detail = `${first} is IPv${family} and ${last} is not; a range has one family`;
    return fault('mixed-families', detail);
  }
  const range: AddressRange = {
    family,
    first: addressToInteger(first),
    last: addressToInteger(last),
  };
  if (range.first > range.last) {
    return fault('inverted', `${first} is behind ${last}; write ${last}-${first}`);
  }
  return { ok: true, range };
}

function parseNetwork(prefix: Prefix): RangeResult {
  if (!hasHostBits(prefix)) return { ok: true, range: prefixRange(prefix) };
  const network = formatPrefix(networkOf(prefix));
  const detail = `${formatPrefix(prefix)} has bits set behind its prefix length; the network is ${network}`;
  return fault('host-bits', detail);
}

function fault(reason: RangeFault, detail: string): RangeResult {
  return { ok: false, reason, detail };
}

function quote(text: string): string {
  return JSON.stringify(text);
}
