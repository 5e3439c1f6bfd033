import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { NodeName } from '@fairlead/cluster';
import type { MacAddress } from '@fairlead/ip';
import * as fc from 'fast-check';
import type { SteerPeer, SteerSegment } from '../plan.ts';
import { node } from '../testing/cluster.ts';
import { MemoryMap } from '../testing/memory-map.ts';
import {
  decodePeer,
  encodeHopKey,
  encodePeer,
  HOP_FILTER_WORDS,
  hopFilterBit,
  Limit,
  macNumber,
  segmentWord,
} from './layout.ts';
import { Diversions } from './diversions.ts';
import { SegmentStore, type SegmentMemory } from './segment-store.ts';

const mac = (at: number) => `02:00:00:00:00:${at.toString(16).padStart(2, '0')}` as MacAddress;
const own = mac(0xff);
const indexOf = (name: NodeName) => Number(name.slice(1));

const peerWord = (mac: MacAddress, suspect: boolean, diverted = suspect) =>
  encodePeer({ mac, suspect, diverted });

const withoutHistory = (word: bigint) => {
  const known = decodePeer(word);
  return known ? encodePeer({ ...known, diverted: false }) : 0n;
};

function peer(at: number, changes: Partial<SteerPeer> = {}): SteerPeer {
  return { node: node(`n${at}`), mac: mac(at), live: true, ...changes };
}

function segment(interfaceIndex: number, ...peers: readonly SteerPeer[]): SteerSegment {
  return { interfaceIndex, mac: own, peers };
}

describe('segments in the kernel', () => {
  let memory: SegmentMemory;
  let hops: MemoryMap;
  let diverted: MemoryMap;
  let nowMs: number;
  let store: SegmentStore;
  beforeEach(() => {
    memory = {
      segments: new BigUint64Array(2 * Limit.segments),
      peers: new BigUint64Array(Limit.nodes * Limit.segments),
      hopFilter: new BigUint64Array(HOP_FILTER_WORDS * Limit.segments),
    };
    hops = new MemoryMap();
    diverted = new MemoryMap();
    nowMs = 0;
    store = restarted();
  });

  function restarted(): SegmentStore {
    return new SegmentStore(memory, hops, new Diversions(diverted, () => nowMs), indexOf);
  }

  function write(...segments: readonly SteerSegment[]) {
    const change = store.write(node('n1'), segments);
    change.prune();
    return change;
  }

  /** Words by place, without zeros. */
  const words = (array: BigUint64Array) =>
    Object.fromEntries(Array.from(array.entries()).filter(([, word]) => word !== 0n));

  /** A frame with this source counts as one that did its hop. */
  function isHop(interfaceIndex: number, source: MacAddress, number = 0): boolean {
    const key = encodeHopKey(interfaceIndex, source);
    const bit = hopFilterBit(key);
    const word = memory.hopFilter[number * HOP_FILTER_WORDS + (bit >> 6)]!;
    const passed = ((word >> BigInt(bit & 63)) & 1n) === 1n;
    return passed && hops.get(key) !== undefined;
  }

  it('have their interface, this node and the peers', () => {
    write(segment(5, peer(2), peer(3, { live: false }), peer(4, { mac: undefined })));
    assert.deepEqual(words(memory.segments), { 0: segmentWord(5, 1), 1: macNumber(own) });
    assert.deepEqual(words(memory.peers), {
      2: peerWord(mac(2), false),
      3: peerWord(mac(3), true),
    });
    assert.deepEqual(
      [own, mac(2), mac(3), mac(4)].map((each) => isHop(5, each)),
      [true, true, true, false],
    );
  });

  it('know all MAC addresses of a node, and hand over to the first', () => {
    write(segment(5, peer(2, { otherMacs: [mac(20), mac(21)] })));
    assert.ok(isHop(5, mac(2)) && isHop(5, mac(20)) && isHop(5, mac(21)));
    assert.deepEqual(words(memory.peers), { 2: peerWord(mac(2), false) });
  });

  it('hand nothing to this node itself or to what is no host', () => {
    const group = '03:00:00:00:00:01' as MacAddress;
    const nobody = '00:00:00:00:00:00' as MacAddress;
    write(
      segment(5, peer(1), peer(2, { mac: own }), peer(3, { mac: group }), peer(4, { mac: nobody })),
    );
    assert.deepEqual(words(memory.peers), {});
  });

  it('are kept apart', () => {
    write(segment(5, peer(2)), segment(6, peer(2, { mac: mac(22) })));
    assert.equal(memory.peers[2], peerWord(mac(2), false));
    assert.equal(memory.peers[Limit.nodes + 2], peerWord(mac(22), false));
    assert.ok(isHop(6, mac(22), 1) && !isHop(6, mac(2), 1));
  });

  it('are not written again where nothing changes', () => {
    const wanted = [segment(5, peer(2), peer(3)), segment(6, peer(3))];
    write(...wanted);
    hops.takeLog();
    const before = structuredClone(memory);
    write(...wanted);
    assert.deepEqual(hops.takeLog(), []);
    assert.deepEqual(memory, before);
  });

  it('keep their number while others go, and leave nothing behind', () => {
    write(segment(5, peer(2)), segment(6, peer(2)));
    const { leaving } = write(segment(6, peer(2)));
    assert.deepEqual(leaving, [5]);
    assert.deepEqual(Object.keys(words(memory.segments)), ['2', '3']);
    write();
    assert.deepEqual(words(memory.peers), {});
    assert.deepEqual(words(memory.hopFilter), {});
    assert.deepEqual(hops.entries(), []);
  });

  it('do not take the number of one that is leaving, for its packets are under way', () => {
    write(segment(5, peer(2)));
    write(segment(6, peer(3)));
    assert.equal(memory.segments[2], segmentWord(6, 1));
  });

  it('are no more than there is room for', () => {
    const many = Array.from({ length: Limit.segments + 1 }, (_, at) => segment(at + 1));
    const { unserved } = write(...many);
    assert.deepEqual([...unserved], many.slice(-1));
  });

  it('take away nothing before they are told to', () => {
    write(segment(5, peer(2), peer(3)));
    const change = store.write(node('n1'), [segment(5, peer(2, { mac: mac(22) }))]);
    assert.equal(memory.peers[2], peerWord(mac(22), false));
    assert.equal(memory.peers[3], peerWord(mac(3), false));
    assert.ok(isHop(5, mac(2)) && isHop(5, mac(22)) && isHop(5, mac(3)));
    change.prune();
    assert.equal(memory.peers[3], 0n);
    assert.ok(!isHop(5, mac(2)) && isHop(5, mac(22)) && !isHop(5, mac(3)));
  });

  it('know a node as soon as anything may be handed to it', () => {
    const set = hops.set.bind(hops);
    hops.set = (key, value) => {
      assert.deepEqual(words(memory.peers), {});
      set(key, value);
    };
    write(segment(5, peer(2)));
  });

  it('mark a silent node everywhere or on one segment', () => {
    write(segment(5, peer(2)), segment(6, peer(2)));
    store.setLive(node('n2'), false);
    assert.equal(memory.peers[2], peerWord(mac(2), true));
    assert.equal(memory.peers[Limit.nodes + 2], peerWord(mac(2), true));
    store.setLive(node('n2'), true, 6);
    assert.equal(memory.peers[2], peerWord(mac(2), true));
    assert.equal(memory.peers[Limit.nodes + 2], peerWord(mac(2), false, true));
    store.setLive(node('n3'), false);
    assert.equal(memory.peers[3], 0n);
  });

  it('still hold what an earlier agent knew of a peer that was not heard of yet', () => {
    const unheard = { mac: undefined, live: undefined };
    write(segment(5, peer(2, { otherMacs: [mac(20)] }), peer(3, { live: false }), peer(4)));
    const before = structuredClone(memory);
    store = restarted();
    write(segment(5, peer(2, unheard), peer(3, unheard), peer(4, unheard)));
    assert.deepEqual(memory, before);
    assert.ok(isHop(5, mac(2)) && isHop(5, mac(20)) && isHop(5, mac(3)));
    write(segment(5, peer(2, { mac: mac(22) }), peer(3, { ...unheard, live: true })));
    assert.deepEqual(words(memory.peers), {
      2: peerWord(mac(22), false),
      3: peerWord(mac(3), false, true),
    });
    assert.ok(!isHop(5, mac(2)) && !isHop(5, mac(20)) && isHop(5, mac(3)) && !isHop(5, mac(4)));
  });

  it('remember that a node was silent until it has been back for an hour', () => {
    const flow = new Uint8Array(40);
    const other = new Uint8Array(40).fill(1);
    write(segment(5, peer(2)), segment(6, peer(2)));
    store.setLive(node('n2'), false, 5);
    diverted.set(flow, Uint8Array.of(2, 0, 3, 0));
    diverted.set(other, Uint8Array.of(4, 0, 3, 0));
    store.setLive(node('n2'), true, 5);
    const mark = () => memory.peers[2] === peerWord(mac(2), false, true);
    const pass = (ms: number, live = true) => {
      nowMs += ms;
      write(segment(5, peer(2)), segment(6, peer(2, { live })));
    };
    pass(0);
    pass(3_599_999);
    assert.ok(mark());
    pass(1, false);
    pass(1);
    pass(3_599_999);
    assert.ok(mark(), 'it was silent on the other segment meanwhile');
    pass(1);
    assert.ok(!mark());
    assert.deepEqual(
      diverted.entries().map(({ key }) => key),
      [other],
    );
  });

  it('hold what was asked last, whatever was there before', () => {
    const peers = fc
      .uniqueArray(fc.integer({ min: 2, max: 9 }))
      .chain((list) =>
        fc.tuple(
          ...list.map((at) =>
            fc
              .tuple(fc.boolean(), fc.integer({ min: 0, max: 3 }))
              .map(([live, shift]) => peer(at, { live, mac: mac(at + 16 * shift) })),
          ),
        ),
      );
    const state = fc
      .uniqueArray(fc.integer({ min: 1, max: 5 }), { maxLength: 4 })
      .chain((list) => fc.tuple(...list.map((at) => peers.map((each) => segment(at, ...each)))));
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 5 }), (states) => {
        for (const each of states) write(...each);
        const last = states.at(-1)!;
        const fresh: SegmentMemory = {
          segments: new BigUint64Array(memory.segments.length),
          peers: new BigUint64Array(memory.peers.length),
          hopFilter: new BigUint64Array(memory.hopFilter.length),
        };
        const freshHops = new MemoryMap();
        const none = new Diversions(new MemoryMap(), () => 0);
        new SegmentStore(fresh, freshHops, none, indexOf).write(node('n1'), last).prune();
        const sorted = (map: MemoryMap) =>
          map
            .entries()
            .map(({ key }) => key.toHex())
            .toSorted();
        assert.deepEqual(sorted(hops), sorted(freshHops));
        const byInterface = ({ segments, peers }: SegmentMemory) =>
          Array.from(
            { length: Limit.segments },
            (_, at) =>
              [
                segments[2 * at]!,
                peers
                  .subarray(at * Limit.nodes, (at + 1) * Limit.nodes)
                  .map(withoutHistory)
                  .join(),
              ] as const,
          )
            .filter(([word]) => word !== 0n)
            .map(String)
            .toSorted();
        assert.deepEqual(byInterface(memory), byInterface(fresh));
      }),
      { numRuns: 50 },
    );
  });
});
