import type { NodeName } from '@fairlead/cluster';
import { macToBytes, type MacAddress } from '@fairlead/ip';
import { contentsOf, type Contents, type ContentsEntry } from './byte-map.ts';
import {
  encodeHopKey,
  encodeU32,
  HOP_FILTER_WORDS,
  hopFilterBit,
  Limit,
  NodeIndex,
  peerWord,
} from './layout.ts';
import type { SteerSegment } from '../plan.ts';

/** What the maps shall hold of one segment. */
export interface SegmentContents {
  /** Words by node index; 0 = not known there. */
  readonly peers: BigUint64Array;
  /** The MAC addresses of nodes, this one's included. */
  readonly hops: Contents;
  /** A bit for each of them. */
  readonly hopFilter: BigUint64Array;
}

/** @param indexOf index of a node, `NodeIndex.none` where it has none */
export function segmentContents(
  self: NodeName,
  segment: SteerSegment,
  indexOf: (node: NodeName) => number,
): SegmentContents {
  const peers = new BigUint64Array(Limit.nodes);
  const hopFilter = new BigUint64Array(HOP_FILTER_WORDS);
  const hops: ContentsEntry[] = [];
  recognise(self, segment.mac);
  for (const { node, mac, otherMacs = [], live } of segment.peers) {
    for (const each of mac === undefined ? otherMacs : [mac, ...otherMacs]) recognise(node, each);
    const index = indexOf(node);
    if (mac === undefined || index === NodeIndex.none || node === self) continue;
    if (isHost(mac) && mac !== segment.mac) peers[index] = peerWord(mac, !live);
  }
  return { peers, hops: contentsOf(hops), hopFilter };

  function recognise(node: NodeName, mac: MacAddress) {
    const key = encodeHopKey(segment.interfaceIndex, mac);
    hops.push({ key, value: encodeU32(indexOf(node)) });
    const bit = hopFilterBit(mac);
    hopFilter[bit >> 6]! |= 1n << BigInt(bit & 63);
  }
}

/** One host's address: a group's would make many packets of one (IEEE 802-2014 §8.2.2: the lowest bit). */
function isHost(mac: MacAddress): boolean {
  const [first = 0, ...rest] = macToBytes(mac);
  return (first & 1) === 0 && (first !== 0 || rest.some((byte) => byte !== 0));
}
