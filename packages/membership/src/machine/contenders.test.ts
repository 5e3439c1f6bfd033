import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { bucketCount } from '../bucket-set.ts';
import { nodeClass, type NodeClass } from '../codec/heartbeat.ts';
import type { AnnouncementConfig } from './configuration.ts';
import { contenders, writeWinners, type OwnContender } from './contenders.ts';
import { bucketScores, newPeer, type Peer } from './peer.ts';
import { timingFor } from './timing.ts';

const timing = timingFor(3, true);

function self(node: string, own: NodeClass = nodeClass.active, settled = false): OwnContender {
  return { node, scores: bucketScores(node), peer: undefined, class: own, settled };
}

function livePeer(node: string, its: NodeClass = nodeClass.active): Peer {
  const peer = newPeer(node, timing);
  peer.live = true;
  peer.class = its;
  return peer;
}

function names(config: AnnouncementConfig, own: OwnContender, peers: readonly Peer[]): string[] {
  return contenders(config, own, peers).map(({ node }) => node);
}

/** The winner of each bucket, by name. */
function winners(config: AnnouncementConfig, own: OwnContender, peers: readonly Peer[]): string[] {
  const among = contenders(config, own, peers);
  const indices = new Int8Array(bucketCount);
  writeWinners(among, indices);
  return Array.from(indices, (index) => among[index]?.node ?? 'nobody');
}

describe('who contends for the buckets of an Announcement', () => {
  test('the active, else those that are behind, else those that join', () => {
    const all = { id: 0 };
    const behind = livePeer('b', nodeClass.behind);
    const joining = livePeer('c', nodeClass.joining);
    const out = livePeer('d', nodeClass.out);
    const dead = newPeer('e', timing);
    assert.deepEqual(names(all, self('a'), [behind, joining, out, dead]), ['a']);
    assert.deepEqual(names(all, self('a', nodeClass.out), [behind, joining, out]), ['b']);
    assert.deepEqual(names(all, self('a', nodeClass.joining), [joining, out]), ['c']);
    assert.deepEqual(names(all, self('a', nodeClass.joining, true), [joining]), ['a', 'c']);
    assert.deepEqual(names(all, self('a', nodeClass.out), [out]), []);
  });

  test('candidates only, whatever class the others have, and preferred ones first', () => {
    const peers = [livePeer('b'), livePeer('c', nodeClass.behind)];
    assert.deepEqual(names({ id: 1, candidates: ['a', 'b'] }, self('a'), peers), ['a', 'b']);
    assert.deepEqual(names({ id: 1, candidates: ['c'] }, self('a'), peers), ['c']);
    assert.deepEqual(names({ id: 1, preferred: ['b', 'x'] }, self('a'), peers), ['b']);
    assert.deepEqual(names({ id: 1, preferred: ['x'] }, self('a'), peers), ['a', 'b']);
  });
});

describe('who wins', () => {
  test('every node says the same, and each gets its share', () => {
    const ofA = winners({ id: 0 }, self('a'), [livePeer('b'), livePeer('c')]);
    const ofC = winners({ id: 0 }, self('c'), [livePeer('b'), livePeer('a')]);
    assert.deepEqual(ofA, ofC);
    for (const node of ['a', 'b', 'c']) {
      const share = ofA.filter((winner) => winner === node).length;
      assert.ok(share > 290 && share < 395, `${node}: ${share}`);
    }
  });

  test('only the buckets of a node that left move', () => {
    const someNames = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), {
      minLength: 2,
      maxLength: 12,
    });
    fc.assert(
      fc.property(someNames, ([own = '', ...others]) => {
        const [gone, ...rest] = others;
        const peers = rest.map((node) => livePeer(node));
        const before = winners({ id: 0 }, self(own), [...peers, livePeer(gone ?? '')]);
        const after = winners({ id: 0 }, self(own), peers);
        for (const [bucket, winner] of before.entries()) {
          if (winner !== gone) assert.equal(after[bucket], winner);
        }
      }),
      { numRuns: 30 },
    );
  });
});
