/** The text forms of addresses and the bytes they stand for (network order); what `address.ts` is built on. */

const octet = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
// Leading zeros are refused: "010" is 8 to some parsers and 10 to others (RFC 6943 §3.1.1).
const dottedQuad = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}$`, 'u');
const hexGroup = /^[\da-f]{1,4}$/iu;
/** `ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255`; longer text is refused before any work on it. */
const longestText = 45;

/** The 4 bytes of a dotted quad, or undefined. */
export function parseIpv4Text(text: string): Uint8Array | undefined {
  const match = dottedQuad.exec(text);
  if (match === null) return undefined;
  const bytes = new Uint8Array(4);
  for (let index = 0; index < 4; index++) bytes[index] = Number(match[index + 1]);
  return bytes;
}

/** The 16 bytes of an IPv6 address in any form of RFC 4291 §2.2, without a zone, or undefined. */
export function parseIpv6Text(text: string): Uint8Array | undefined {
  if (text.length > longestText) return undefined;
  const [headText = '', tailText, ...more] = text.split('::');
  if (more.length > 0) return undefined;
  if (tailText === undefined) {
    const groups = parseGroups(headText, true);
    return groups?.length === 8 ? groupsToBytes(groups) : undefined;
  }
  const head = parseGroups(headText, false);
  const tail = parseGroups(tailText, true);
  if (head === undefined || tail === undefined) return undefined;
  // "::" stands for one or more groups of zeros (RFC 4291 §2.2), never for none.
  const zeros = 8 - head.length - tail.length;
  if (zeros < 1) return undefined;
  return groupsToBytes([...head, ...Array.from({ length: zeros }, () => 0), ...tail]);
}

/** Canonical text of 4 bytes. */
export function formatIpv4(bytes: Uint8Array | readonly number[]): string {
  return bytes.join('.');
}

/** Canonical text of 16 bytes (RFC 5952). */
export function formatIpv6(bytes: Uint8Array): string {
  // RFC 5952 §5: mixed notation where the prefix says that an IPv4 address is embedded.
  if (isMapped(bytes)) return `::ffff:${formatIpv4(bytes.subarray(12))}`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(2 * index));
  const zeros = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  // RFC 5952 §4.2.2: "::" never shortens a single group.
  if (zeros.length < 2) return hex.join(':');
  return `${hex.slice(0, zeros.start).join(':')}::${hex.slice(zeros.start + zeros.length).join(':')}`;
}

/** Whether 16 bytes are an IPv4-mapped address, `::ffff:0:0/96` (RFC 4291 §2.5.5.2). */
export function isMapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((b) => b === 0);
}

function parseGroups(text: string, mayEndInQuad: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (hexGroup.test(part)) {
      groups.push(Number.parseInt(part, 16));
      continue;
    }
    if (!mayEndInQuad || index !== parts.length - 1) return undefined;
    const quad = parseIpv4Text(part);
    if (quad === undefined) return undefined;
    const view = new DataView(quad.buffer);
    groups.push(view.getUint16(0), view.getUint16(2));
  }
  return groups;
}

function groupsToBytes(groups: readonly number[]): Uint8Array {
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]));
}

/** The first of the longest runs of zero groups (RFC 5952 §4.2.3). */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let longest = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  }
  return longest;
}
