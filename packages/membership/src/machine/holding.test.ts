import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { bucketCount, bucketsOf, countBuckets, hasBucket, isEmpty } from '../bucket-set.ts';
import { nodeClass, type NodeClass } from '../codec/heartbeat.ts';
import { bucketSet } from '../codec/sample.ts';
import { contenders, writeWinners } from './contenders.ts';
import { Holdings, type HoldingChange, type HoldingContext } from './holding.ts';
import { bucketScores, newPeer, type Peer } from './peer.ts';
import { timingFor } from './timing.ts';

const timing = timingFor(3, true);
const intervalMs = timing.intervalMs;

/** Node m among a, which comes before it by name, and z, which comes after it. */
class Scene {
  readonly a = livePeer('a');
  readonly z = livePeer('z');
  readonly changes: HoldingChange[] = [];
  readonly holdings = new Holdings({ id: 0 }, (change) => this.changes.push(change));
  now = 1000;
  class: NodeClass = nodeClass.active;
  settled = true;
  outSince = Infinity;
  hung = false;

  get context(): HoldingContext {
    return {
      now: this.now,
      intervalMs,
      self: {
        node: 'm',
        scores: bucketScores('m'),
        peer: undefined,
        class: this.class,
        settled: this.settled,
      },
      peers: [this.a, this.z],
      outSince: this.outSince,
      hung: this.hung,
    };
  }

  /** Applies the rules now, or after that many milliseconds. */
  judge(afterMs = 0): void {
    this.now += afterMs;
    this.holdings.reassign(this.context);
    this.holdings.update(this.context);
  }

  /** Lets m take what it wins while both others are dead, then brings them back. */
  own(): void {
    this.a.live = false;
    this.z.live = false;
    this.judge();
    this.a.live = true;
    this.z.live = true;
  }

  /** A bucket that this node wins among all three. */
  wonBy(node: string): number {
    const among = contenders({ id: 0 }, { ...this.context.self, class: 0 }, [
      { ...this.a, live: true, class: 0 },
      { ...this.z, live: true, class: 0 },
    ]);
    const winners = new Int8Array(bucketCount);
    writeWinners(among, winners);
    return winners.findIndex((index) => among[index]?.node === node);
  }

  holds(bucket: number): boolean {
    return hasBucket(this.holdings.held, bucket);
  }
}

function livePeer(node: string): Peer {
  const peer = newPeer(node, timing);
  peer.live = true;
  peer.class = nodeClass.active;
  peer.view = 'direct';
  return peer;
}

function say(peer: Peer, held: readonly number[], offered: readonly number[] = []): void {
  const holding = { announcement: 0, held: bucketSet(...held), offered: bucketSet(...offered) };
  peer.holdings = new Map([[0, holding]]);
}

let scene = new Scene();
beforeEach(() => {
  scene = new Scene();
});

describe('a bucket that we win', () => {
  test('is taken if nobody holds it, or if its holder offers it', () => {
    const bucket = scene.wonBy('m');
    say(scene.z, [bucket]);
    scene.judge();
    assert.ok(!scene.holds(bucket));
    assert.ok(countBuckets(scene.holdings.held) > 290, 'all others that m wins are taken');
    say(scene.z, [bucket], [bucket]);
    scene.judge();
    assert.ok(scene.holds(bucket));
    assert.deepEqual(scene.changes.at(-1), { bucket, held: true, reason: 'handover' });
  });

  test('tells where it came from', () => {
    const bucket = scene.wonBy('m');
    say(scene.z, [bucket]);
    scene.judge();
    assert.ok(scene.changes.every((change) => change.held && change.reason === 'first'));
    scene.z.live = false;
    scene.judge();
    const change = scene.changes.find((each) => each.bucket === bucket);
    assert.deepEqual(change, { bucket, held: true, reason: 'takeover' });
  });

  test('goes to the lower name if both insist on it for two intervals', () => {
    const bucket = scene.wonBy('m');
    scene.judge();
    say(scene.a, [bucket]);
    scene.judge();
    scene.judge(2 * intervalMs - 1);
    assert.ok(scene.holds(bucket));
    assert.equal(scene.holdings.nextUpdate(scene.context), scene.now + 1);
    scene.judge(1);
    assert.ok(!scene.holds(bucket));
  });

  test('stays here if it is the higher name that insists', () => {
    const bucket = scene.wonBy('m');
    scene.judge();
    say(scene.z, [bucket]);
    scene.judge();
    scene.judge(10 * intervalMs);
    assert.ok(scene.holds(bucket));
  });
});

describe('a bucket that another wins', () => {
  test('is offered and answered for until its winner holds it', () => {
    scene.own();
    const bucket = scene.wonBy('z');
    scene.judge();
    assert.ok(hasBucket(scene.holdings.offered, bucket));
    scene.judge(10_000);
    assert.ok(scene.holds(bucket));
    say(scene.z, [bucket]);
    scene.judge();
    assert.ok(!scene.holds(bucket));
    assert.ok(!hasBucket(scene.holdings.offered, bucket));
  });

  test('is kept for 25 ms more if its winner had it before it was offered', () => {
    scene.own();
    const bucket = scene.wonBy('z');
    say(scene.z, [bucket]);
    scene.judge();
    assert.ok(scene.holds(bucket));
    scene.judge(24);
    assert.ok(scene.holds(bucket));
    scene.judge(1);
    assert.ok(!scene.holds(bucket));
  });

  test('goes at once to a lower name, whoever should have it', () => {
    scene.own();
    const bucket = scene.wonBy('z');
    say(scene.a, [bucket]);
    scene.judge();
    assert.ok(!scene.holds(bucket));
  });

  test('goes after two intervals to a higher name that should not have it', () => {
    scene.own();
    const bucket = scene.wonBy('a');
    say(scene.z, [bucket]);
    scene.judge();
    scene.judge(2 * intervalMs - 1);
    assert.ok(scene.holds(bucket));
    scene.judge(1);
    assert.ok(!scene.holds(bucket));
  });

  test('is answered for by the lower name alone, if two offer it for two intervals', () => {
    scene.own();
    const bucket = scene.wonBy('z');
    say(scene.a, [bucket], [bucket]);
    scene.judge();
    scene.judge(2 * intervalMs);
    assert.ok(!scene.holds(bucket));
  });

  test('is let go after two intervals if its winner is live but has not been heard for long', () => {
    scene.own();
    const bucket = scene.wonBy('z');
    scene.z.view = 'kept';
    scene.judge();
    scene.judge(2 * intervalMs);
    assert.ok(scene.holds(bucket));
    scene.z.view = 'empty';
    scene.judge();
    scene.judge(2 * intervalMs - 1);
    assert.ok(scene.holds(bucket));
    scene.judge(1);
    assert.ok(!scene.holds(bucket));
  });
});

describe('a bucket that nobody holds', () => {
  const lowest = (): void => {
    scene.a.live = false;
    scene.judge();
  };

  test('is taken after four intervals by the lowest name, which offers it', () => {
    lowest();
    const orphans = countBuckets(scene.holdings.held);
    scene.judge(4 * intervalMs - 1);
    assert.equal(countBuckets(scene.holdings.held), orphans);
    scene.judge(1);
    assert.equal(countBuckets(scene.holdings.held), bucketCount);
    assert.equal(countBuckets(scene.holdings.offered), bucketCount - orphans);
  });

  test('is left alone while somebody who may hold it is not heard', () => {
    scene.z.view = 'empty';
    lowest();
    const before = countBuckets(scene.holdings.held);
    scene.judge(10 * intervalMs);
    assert.equal(countBuckets(scene.holdings.held), before);
  });

  test('is left alone by all but the lowest name', () => {
    scene.judge();
    const before = countBuckets(scene.holdings.held);
    scene.judge(10 * intervalMs);
    assert.equal(countBuckets(scene.holdings.held), before);
  });
});

describe('a node that is out', () => {
  const goOut = (): void => {
    scene.judge();
    scene.class = nodeClass.out;
    scene.outSince = scene.now;
    scene.judge();
  };

  test('offers all, and lets go after a second what nobody took', () => {
    goOut();
    assert.deepEqual(bucketsOf(scene.holdings.offered), bucketsOf(scene.holdings.held));
    scene.judge(999);
    assert.ok(!isEmpty(scene.holdings.held));
    scene.judge(1);
    assert.ok(isEmpty(scene.holdings.held));
    assert.ok(isEmpty(scene.holdings.offered));
  });

  test('goes on if only its main thread hangs and nobody else could answer', () => {
    scene.own();
    scene.a.live = false;
    scene.z.live = false;
    scene.hung = true;
    goOut();
    scene.judge(60_000);
    assert.equal(countBuckets(scene.holdings.held), bucketCount);
    scene.z.live = true;
    scene.judge();
    assert.ok(isEmpty(scene.holdings.held));
  });
});

describe('after a pause', () => {
  test('what a peer holds by now is let go, and nothing else', () => {
    scene.own();
    say(scene.z, [1, 2, 3], [3]);
    assert.ok(scene.holdings.yieldClaimed([scene.a, scene.z]));
    assert.equal(countBuckets(scene.holdings.held), bucketCount - 2);
    assert.ok(!scene.holds(1) && !scene.holds(2) && scene.holds(3));
  });
});

describe('a claim that is contradicted', () => {
  test('is one to a bucket that is held and won, once an interval', () => {
    scene.own();
    scene.judge();
    const [mine, theirs] = [scene.wonBy('m'), scene.wonBy('a')];
    assert.ok(!scene.holdings.contradicts(theirs, 0, intervalMs));
    assert.ok(scene.holdings.contradicts(mine, 0, intervalMs));
    assert.ok(!scene.holdings.contradicts(mine, intervalMs - 1, intervalMs));
    assert.ok(scene.holdings.contradicts(mine, intervalMs, intervalMs));
  });
});
