import { macFromBytes, macToBytes, type MacAddress } from '@fairlead/ip';
import { protocolNumber } from '../flow.ts';
import type { SteeredProtocol } from '../plan.ts';
import { NO_CANDIDATE, ROWS, type Rows } from '../rows.ts';

/*
 * Keys and values of the maps of bpf/steer.h, in the order of bytes of the machines that Node is
 * built for (x86-64, arm64): little-endian, except addresses and ports, which stand as in a packet.
 */

/**
 * Part of the path under which the maps are pinned. A new layout or meaning is a new number: maps of the
 * old one stay with the old program until the new program has its own filled and takes over.
 */
export const ABI = 1;

/** Sizes that the program has compiled in. */
export const Limit = { tablesPerSlab: 64, slabs: 256, nodes: 1024, segments: 16 } as const;

/** Node indices with a meaning of their own. */
export const NodeIndex = { kubeProxy: 0xfffe, none: 0xffff } as const;

/**
 * struct service_key: address, port, protocol.
 * @param address as `addressToMappedBytes` writes it
 */
export function encodeServiceKey(
  address: Uint8Array,
  protocol: SteeredProtocol,
  port: number,
): Uint8Array {
  const bytes = new Uint8Array(20);
  bytes.set(address);
  bytes[16] = port >> 8;
  bytes[17] = port;
  bytes[18] = protocolNumber[protocol];
  return bytes;
}

const ServiceFlag = { table: 1, affinity: 2 } as const;

/** struct service */
export interface ServiceValue {
  readonly kind: 'node' | 'table';
  /** A node index, or the slot of a table. */
  readonly target: number;
  readonly affinity: boolean;
}

export function encodeService({ kind, target, affinity }: ServiceValue): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, target, true);
  const flags = (kind === 'table' ? ServiceFlag.table : 0) | (affinity ? ServiceFlag.affinity : 0);
  view.setUint32(4, flags, true);
  return new Uint8Array(view.buffer);
}

/** struct table: the rows with the nodes' indices in the place of the candidates'. */
export function encodeRows(rows: Rows, indices: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * rows.length));
  rows.forEach((candidate, at) => {
    const index = candidate === NO_CANDIDATE ? NodeIndex.none : indices[candidate]!;
    view.setUint16(2 * at, index, true);
  });
  return new Uint8Array(view.buffer);
}

/** Bytes of a table: two 16-bit indices a row. */
export const TABLE_SIZE = 4 * ROWS;

/** A key or value that is one 32-bit number. */
export function encodeU32(number: number): Uint8Array {
  return Uint8Array.of(number, number >>> 8, number >>> 16, number >>> 24);
}

export function decodeU32(bytes: Uint8Array): number {
  return viewOf(bytes, 4).getUint32(0, true);
}

/** struct node: the name in UTF-8, filled up with zeros. */
const NODE_NAME_SIZE = 256;

/** @throws RangeError where the name is longer than the 253 bytes of any Node's. */
export function encodeNodeName(name: string): Uint8Array {
  const bytes = new Uint8Array(NODE_NAME_SIZE);
  bytes.set(Buffer.from(name));
  return bytes;
}

export function decodeNodeName(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString();
}

/** A MAC address as the 64-bit number that its bytes and two zeros are in memory. */
export function macNumber(mac: MacAddress): bigint {
  const bytes = new Uint8Array(8);
  bytes.set(macToBytes(mac));
  return new DataView(bytes.buffer).getBigUint64(0, true);
}

/** struct hop_key */
export function encodeHopKey(interfaceIndex: number, mac: MacAddress): Uint8Array {
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, macNumber(mac), true);
  view.setUint32(8, interfaceIndex, true);
  return new Uint8Array(view.buffer);
}

/** The interface of a key of `hops`. */
export function interfaceOfHop(key: Uint8Array): number {
  return viewOf(key, 16).getUint32(8, true);
}

/** The bit of a key of `hops`, by its MAC address, in its segment's part of `hop_filter`, which has 1024. */
export function hopFilterBit(key: Uint8Array): number {
  const mac = viewOf(key, 16).getBigUint64(0, true);
  return Number(BigInt.asUintN(64, mac * 0x9e3779b97f4a7c15n) >> 54n);
}

export const HOP_FILTER_WORDS = 16;

/** What the maps say of a node on a segment. */
export interface Peer {
  readonly mac: MacAddress;
  /** New flows avoid it. */
  readonly suspect: boolean;
  /** It is suspect or was so lately: flows of its rows may be with other nodes. */
  readonly diverted: boolean;
}

const PeerFlag = { known: 1n << 48n, suspect: 2n << 48n, diverted: 4n << 48n } as const;

/** A peer in one word; 0 = not known there. */
export function encodePeer({ mac, suspect, diverted }: Peer): bigint {
  return (
    macNumber(mac) |
    PeerFlag.known |
    (suspect ? PeerFlag.suspect : 0n) |
    (diverted ? PeerFlag.diverted : 0n)
  );
}

export function decodePeer(word: bigint): Peer | undefined {
  if (word === 0n) return undefined;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, word, true);
  return {
    mac: macFromBytes(bytes.subarray(0, 6)),
    suspect: (word & PeerFlag.suspect) !== 0n,
    diverted: (word & PeerFlag.diverted) !== 0n,
  };
}

/** struct diverted: from the first choice to the node that has the flow. */
export function decodeDiverted(bytes: Uint8Array): { readonly from: number; readonly to: number } {
  const view = viewOf(bytes, 4);
  return { from: view.getUint16(0, true), to: view.getUint16(2, true) };
}

/** The first word of struct segment: interface index and this node's index; 0 = no segment. */
export function segmentWord(interfaceIndex: number, self: number): bigint {
  return BigInt(interfaceIndex) | (BigInt(self) << 32n);
}

export function decodeSegmentWord(word: bigint): { interfaceIndex: number; self: number } {
  return {
    interfaceIndex: Number(BigInt.asUintN(32, word)),
    self: Number(BigInt.asUintN(16, word >> 32n)),
  };
}

function viewOf(bytes: Uint8Array, size: number): DataView {
  if (bytes.length !== size) throw new RangeError(`${size} bytes expected, not ${bytes.length}`);
  return new DataView(bytes.buffer, bytes.byteOffset, size);
}
