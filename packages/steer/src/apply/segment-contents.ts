import type { NodeName } from '@fairlead/cluster';
import { macToBytes, type MacAddress } from '@fairlead/ip';
import type { SteerPeer, SteerSegment } from '../plan.ts';
import { contentsOf, type Contents, type ContentsEntry } from './byte-map.ts';
import {
  decodePeer,
  decodeU32,
  encodeHopKey,
  encodePeer,
  encodeU32,
  interfaceOfHop,
  Limit,
} from './layout.ts';

/** What the maps hold of segments, or shall hold. */
export interface SegmentContents {
  /** Words of one segment by node index; 0 = not known there. */
  readonly peers: BigUint64Array;
  /** MAC addresses of nodes, this one's included, on any segment. */
  readonly hops: Contents;
}

/**
 * What the maps shall hold of one segment.
 * @param held what they hold: it still counts for peers that were not heard of yet
 * @param indexOf index of a node, `NodeIndex.none` where it has none
 */
export function segmentContents(
  self: NodeName,
  segment: SteerSegment,
  held: SegmentContents,
  indexOf: (node: NodeName) => number,
): SegmentContents {
  const { interfaceIndex } = segment;
  const peers = new BigUint64Array(Limit.nodes);
  const hops: ContentsEntry[] = [hopOf(interfaceIndex, segment.mac, indexOf(self))];
  const unheard = new Set<number>();
  for (const peer of segment.peers) {
    const { node, mac, otherMacs = [] } = peer;
    const index = indexOf(node);
    for (const each of mac === undefined ? otherMacs : [mac, ...otherMacs]) {
      hops.push(hopOf(interfaceIndex, each, index));
    }
    if (mac === undefined) unheard.add(index);
    if (index < Limit.nodes && node !== self && mac !== segment.mac) {
      peers[index] = peerWord(peer, held.peers[index]!);
    }
  }
  for (const entry of held.hops.values()) {
    const known = unheard.has(decodeU32(entry.value));
    if (known && interfaceOfHop(entry.key) === interfaceIndex) hops.push(entry);
  }
  return { peers, hops: contentsOf(hops) };
}

function peerWord({ mac: heard, live }: SteerPeer, held: bigint): bigint {
  const before = decodePeer(held);
  const mac = heard ?? before?.mac;
  if (mac === undefined || !isHost(mac)) return 0n;
  const suspect = live === undefined ? (before?.suspect ?? false) : !live;
  return encodePeer({ mac, suspect, diverted: suspect || (before?.diverted ?? false) });
}

function hopOf(interfaceIndex: number, mac: MacAddress, index: number): ContentsEntry {
  return { key: encodeHopKey(interfaceIndex, mac), value: encodeU32(index) };
}

/** One host's address: a group's would make many packets of one (IEEE 802-2014 §8.2.2: the lowest bit). */
function isHost(mac: MacAddress): boolean {
  const [first = 0, ...rest] = macToBytes(mac);
  return (first & 1) === 0 && (first !== 0 || rest.some((byte) => byte !== 0));
}
