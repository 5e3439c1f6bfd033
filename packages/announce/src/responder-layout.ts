import {
  addressFromMappedBytes,
  addressToMappedBytes,
  macFromBytes,
  macToBytes,
  type IpAddress,
  type MacAddress,
} from '@fairlead/ip';
import { ProtocolError } from '@fairlead/wire';

/**
 * The bytes of the maps of bpf/announce.h. Integers are in the byte order of the processor, which
 * is little-endian on both that we ship for; addresses are 16 bytes in network order.
 */
const littleEndian = true;

/** Names the layout in the pin directory: a program of another layout gets maps of its own. */
export const layoutVersion = 2;

/** How many interfaces one node can announce on: INTERFACES_MAX. */
export const interfaceSlots = 64;

/** How many entries `answers` has room for: ANSWERS_MAX. */
export const answersMax = 131_072;

/** What `interfaces` holds for an interface that the program is attached to. */
export interface InterfaceEntry {
  /** Index in `fence`. */
  readonly slot: number;
  readonly mac: MacAddress;
}

/** `answer` = while the fence lies ahead; `watch` = only tell who else claims the address. */
export type AnswerMode = 'answer' | 'watch';

/** An address that the program looks for in the frames of an interface. */
export interface Answer {
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  /** The MAC that the answer carries. */
  readonly mac: MacAddress;
  readonly mode: AnswerMode;
}

/** What another host, or another node, said about an address. */
export interface Evidence {
  /**
   * `claim`: `mac` speaks from the address (ARP) or advertises it (NDP). `probe`: `mac` wants to
   * know whether anybody has it (RFC 5227 §2.1.1, RFC 4862 §5.4.2), and it was not answered.
   * `echo`: `mac` answered an echo of ours.
   */
  readonly kind: 'claim' | 'probe' | 'echo';
  readonly interfaceIndex: number;
  /** 192.0.0.8 for an echo. */
  readonly address: IpAddress;
  readonly mac: MacAddress;
  /** When, in nanoseconds of CLOCK_MONOTONIC. */
  readonly timeNs: bigint;
}

/** What the program has counted since its maps were made; in the order of `enum counter`. */
export const counterNames = [
  'arpAnswered',
  'ndpAnswered',
  'echoAnswered',
  /** Left unanswered because the fence did not lie ahead. */
  'fenced',
  'malformed',
  /** The kernel could not make the answer. */
  'failed',
  'events',
  /** Evidence that was lost because nobody read it in time. */
  'eventsDropped',
] as const;

export type ResponderCounters = Readonly<Record<(typeof counterNames)[number], bigint>>;

/** enum answer_mode */
const modeCodes = { watch: 0, answer: 1 } as const satisfies Record<AnswerMode, number>;
/** enum event_kind */
const evidenceKinds: ReadonlyMap<number, Evidence['kind']> = new Map([
  [1, 'claim'],
  [2, 'probe'],
  [3, 'echo'],
]);

const interfaceBytes = 12;
const answerKeyBytes = 20;
const answerBytes = 8;
const eventBytes = 40;

/** Key of `interfaces`: ifindex u32. */
export function encodeInterfaceKey(interfaceIndex: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, interfaceIndex, littleEndian);
  return bytes;
}

export function decodeInterfaceKey(bytes: Uint8Array): number {
  return viewOf(bytes, 4).getUint32(0, littleEndian);
}

/** Value of `interfaces`: slot u32 | mac 6 | unused 2. */
export function encodeInterface(entry: InterfaceEntry): Uint8Array {
  const bytes = new Uint8Array(interfaceBytes);
  new DataView(bytes.buffer).setUint32(0, entry.slot, littleEndian);
  bytes.set(macToBytes(entry.mac), 4);
  return bytes;
}

export function decodeInterface(bytes: Uint8Array): InterfaceEntry {
  const slot = viewOf(bytes, interfaceBytes).getUint32(0, littleEndian);
  return { slot, mac: macFromBytes(bytes.subarray(4, 10)) };
}

/** Key of `own_macs`: mac 6 | unused 2. */
export function encodeOwnMac(mac: MacAddress): Uint8Array {
  const bytes = new Uint8Array(8);
  bytes.set(macToBytes(mac));
  return bytes;
}

export function decodeOwnMac(bytes: Uint8Array): MacAddress {
  viewOf(bytes, 8);
  return macFromBytes(bytes.subarray(0, 6));
}

/** Key of `answers`: ifindex u32 | address 16. */
export function encodeAnswerKey(interfaceIndex: number, address: IpAddress): Uint8Array {
  const bytes = new Uint8Array(answerKeyBytes);
  // Byte by byte: of ten thousand keys, a DataView for each would take most of the time.
  for (let at = 0; at < 4; at += 1) bytes[at] = interfaceIndex >>> (8 * at);
  bytes.set(addressToMappedBytes(address), 4);
  return bytes;
}

/** Value of `answers`: mac 6 | mode u8 | unused 1. */
export function encodeAnswer(mac: MacAddress, mode: AnswerMode): Uint8Array {
  const bytes = new Uint8Array(answerBytes);
  bytes.set(macToBytes(mac));
  bytes[6] = modeCodes[mode];
  return bytes;
}

/**
 * The record of an entry of `answers`.
 * @throws ProtocolError `bad-length`.
 */
export function decodeAnswer(key: Uint8Array, value: Uint8Array): Answer {
  const interfaceIndex = viewOf(key, answerKeyBytes).getUint32(0, littleEndian);
  const mode = viewOf(value, answerBytes).getUint8(6) === modeCodes.answer ? 'answer' : 'watch';
  return {
    interfaceIndex,
    address: addressFromMappedBytes(key.subarray(4)),
    mac: macFromBytes(value.subarray(0, 6)),
    mode,
  };
}

/**
 * A record of `events`: time u64 | ifindex u32 | kind u16 | mac 6 | address 16 | unused 4.
 * @throws ProtocolError `bad-length`, `unknown-kind`.
 */
export function decodeEvidence(bytes: Uint8Array): Evidence {
  const view = viewOf(bytes, eventBytes);
  const code = view.getUint16(12, littleEndian);
  const kind = evidenceKinds.get(code);
  if (kind === undefined) throw new ProtocolError('unknown-kind', 12, `kind ${code}, not 1 to 3`);
  return {
    kind,
    interfaceIndex: view.getUint32(8, littleEndian),
    address: addressFromMappedBytes(bytes.subarray(20, 36)),
    mac: macFromBytes(bytes.subarray(14, 20)),
    timeNs: view.getBigUint64(0, littleEndian),
  };
}

function viewOf(bytes: Uint8Array, length: number): DataView {
  if (bytes.length !== length) {
    throw new ProtocolError('bad-length', 0, `${bytes.length} bytes, not ${length}`);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
