import type { NodeName } from '@fairlead/cluster';
import type { SteerSegment } from '../plan.ts';
import { contentsOf, deleteStale, writeMissing, type ByteMap, type Contents } from './byte-map.ts';
import type { Diversions } from './diversions.ts';
import {
  decodePeer,
  decodeSegmentWord,
  encodePeer,
  HOP_FILTER_WORDS,
  hopFilterBit,
  Limit,
  macNumber,
  segmentWord,
  type Peer,
} from './layout.ts';
import { segmentContents, type SegmentContents } from './segment-contents.ts';

/** The kernel's memory of the maps that packets read by number, as 64-bit words. */
export interface SegmentMemory {
  /** Two for each segment: interface with own index, own MAC. */
  readonly segments: BigUint64Array;
  /** `Limit.nodes` for each segment. */
  readonly peers: BigUint64Array;
  /** `HOP_FILTER_WORDS` for each segment. */
  readonly hopFilter: BigUint64Array;
}

/** A change of which the taking away is still to come. */
export interface SegmentChange {
  /** Segments for which there was no room. */
  readonly unserved: ReadonlySet<SteerSegment>;
  /** Interfaces whose segments will go. */
  readonly leaving: readonly number[];
  /** Takes away what is no longer wanted. No rows may need it, no program run on leaving interfaces. */
  prune(): void;
}

/**
 * This node's segments in the kernel, and who is where on them. Every state on the way is safe: a node's
 * frames are known as such before anything is handed to it, and until after that was done the last time.
 */
export class SegmentStore {
  readonly #memory: SegmentMemory;
  readonly #hops: ByteMap;
  readonly #diversions: Diversions;
  readonly #indexOf: (node: NodeName) => number;

  constructor(
    memory: SegmentMemory,
    hops: ByteMap,
    diversions: Diversions,
    indexOf: (node: NodeName) => number,
  ) {
    this.#memory = memory;
    this.#hops = hops;
    this.#diversions = diversions;
    this.#indexOf = indexOf;
  }

  /** Adds and changes what is wanted, and takes nothing away. */
  write(self: NodeName, segments: readonly SteerSegment[]): SegmentChange {
    const { wanted, unserved, leaving } = this.#number(segments);
    const heldHops = contentsOf(this.#hops.entries());
    const contents = new Map<number, SegmentContents>();
    for (const [number, segment] of wanted) {
      const held = { peers: this.#peersOf(number), hops: heldHops };
      contents.set(number, segmentContents(self, segment, held, this.#indexOf));
    }
    this.#endDiversions(Array.from(contents.values(), ({ peers }) => peers));
    const hops: Contents = new Map(Array.from(contents.values(), ({ hops }) => [...hops]).flat());
    writeMissing(this.#hops, heldHops, hops);
    for (const [number, { hops, peers }] of contents) {
      const filter = hopFilter(hops);
      update(this.#hopFilterOf(number), (old, at) => old | filter[at]!);
      update(this.#peersOf(number), (old, at) => peers[at]! || old);
    }
    for (const [number, { interfaceIndex, mac }] of wanted) {
      const words = this.#memory.segments.subarray(2 * number);
      Atomics.store(words, 1, macNumber(mac));
      Atomics.store(words, 0, segmentWord(interfaceIndex, this.#indexOf(self)));
    }
    return {
      unserved,
      leaving: [...leaving.keys()],
      prune: () => {
        for (const number of leaving.values()) {
          update(this.#memory.segments.subarray(2 * number, 2 * number + 2), () => 0n);
          update(this.#peersOf(number), () => 0n);
          update(this.#hopFilterOf(number), () => 0n);
        }
        for (const [number, { peers }] of contents) {
          update(this.#peersOf(number), (_, at) => peers[at]!);
        }
        deleteStale(this.#hops, heldHops, hops);
        for (const [number, { hops }] of contents) {
          const filter = hopFilter(hops);
          update(this.#hopFilterOf(number), (_, at) => filter[at]!);
        }
      },
    };
  }

  /** Marks a node on one segment, or on all, as silent or live. */
  setLive(node: NodeName, live: boolean, interfaceIndex?: number): void {
    const at = this.#indexOf(node);
    if (at >= Limit.nodes) return;
    for (const [each, number] of this.#numbers()) {
      if (interfaceIndex !== undefined && interfaceIndex !== each) continue;
      const words = this.#peersOf(number);
      const peer = decodePeer(words[at]!);
      if (peer === undefined || peer.suspect === !live) continue;
      const diverted = peer.diverted || !live;
      Atomics.store(words, at, encodePeer({ ...peer, suspect: !live, diverted }));
    }
  }

  /** Clears the mark of peers that have been back for long, once none of their flows is remembered. */
  #endDiversions(segments: readonly BigUint64Array[]): void {
    for (let index = 0; index < Limit.nodes; index++) {
      if (segments.every((words) => words[index] === 0n)) continue;
      const peers = segments.map((words) => decodePeer(words[index]!)).filter(isMarked);
      if (peers.length === 0) continue;
      if (
        !this.#diversions.expired(
          index,
          peers.some(({ suspect }) => suspect),
        )
      )
        continue;
      this.#diversions.forget(index);
      for (const words of segments) {
        const peer = decodePeer(words[index]!);
        if (peer) words[index] = encodePeer({ ...peer, diverted: false });
      }
    }
  }

  /** A number for each segment: the one it has, or one that is free already, for packets of a leaving one are under way. */
  #number(segments: readonly SteerSegment[]) {
    const leaving = this.#numbers();
    const used = new Set(leaving.values());
    const free = Array.from({ length: Limit.segments }, (_, each) => each).filter(
      (number) => !used.has(number),
    );
    const wanted = new Map<number, SteerSegment>();
    const unserved = new Set<SteerSegment>();
    for (const segment of segments) {
      const number = leaving.get(segment.interfaceIndex) ?? free.shift();
      leaving.delete(segment.interfaceIndex);
      if (number === undefined) unserved.add(segment);
      else wanted.set(number, segment);
    }
    return { wanted, unserved, leaving };
  }

  /** Segment numbers by interface, as the kernel has them. */
  #numbers(): Map<number, number> {
    const numbers = new Map<number, number>();
    for (let number = 0; number < Limit.segments; number++) {
      const { interfaceIndex } = decodeSegmentWord(this.#memory.segments[2 * number]!);
      if (interfaceIndex !== 0) numbers.set(interfaceIndex, number);
    }
    return numbers;
  }

  #peersOf(number: number): BigUint64Array {
    return this.#memory.peers.subarray(number * Limit.nodes, (number + 1) * Limit.nodes);
  }

  #hopFilterOf(number: number): BigUint64Array {
    const at = number * HOP_FILTER_WORDS;
    return this.#memory.hopFilter.subarray(at, at + HOP_FILTER_WORDS);
  }
}

function isMarked(peer: Peer | undefined): peer is Peer {
  return peer?.diverted === true;
}

/** A bit for each MAC address. */
function hopFilter(hops: Contents): BigUint64Array {
  const words = new BigUint64Array(HOP_FILTER_WORDS);
  for (const { key } of hops.values()) {
    const bit = hopFilterBit(key);
    words[bit >> 6]! |= 1n << BigInt(bit & 63);
  }
  return words;
}

/** Writes the words that change, each in one piece. */
function update(words: BigUint64Array, to: (old: bigint, at: number) => bigint): void {
  for (let at = 0; at < words.length; at++) {
    const old = words[at]!;
    const word = to(old, at);
    if (word !== old) Atomics.store(words, at, word);
  }
}
