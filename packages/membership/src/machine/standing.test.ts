import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nodeClass } from '../codec/heartbeat.ts';
import { Standing, type Surroundings } from './standing.ts';

const quiet: Surroundings = {
  knownPeers: 2,
  allMutual: false,
  anyLive: false,
  anyOwner: false,
  anyAlone: false,
  anyFresh: false,
  strangerAnswers: false,
  stillAsking: false,
};
const among = (change: Partial<Surroundings>): Surroundings => ({ ...quiet, ...change });
const company = among({ allMutual: true, anyLive: true, anyOwner: true });
const deadAfter = 300;

function fedUpdate(standing: Standing, now: number, around: Surroundings): void {
  standing.feed(now);
  standing.update(now, deadAfter, around);
}

describe('a joining node', () => {
  test('is active at once where it knows nobody', () => {
    const standing = new Standing(0);
    standing.update(0, deadAfter, among({ knownPeers: 0 }));
    assert.equal(standing.class, nodeClass.active);
    assert.ok(!standing.alone);
  });

  test('is active as soon as it is mutual with all and none of them owns anything', () => {
    const standing = new Standing(0);
    standing.update(1, deadAfter, among({ allMutual: true, anyLive: true }));
    assert.equal(standing.class, nodeClass.active);
  });

  test('gives silent peers until dead-after, and is alone then', () => {
    const standing = new Standing(0);
    standing.update(299, deadAfter, quiet);
    assert.equal(standing.class, nodeClass.joining);
    standing.update(300, deadAfter, quiet);
    assert.equal(standing.class, nodeClass.active);
    assert.ok(standing.alone);
  });

  test('waits 5 s for its turn where others are active', () => {
    const standing = new Standing(0);
    fedUpdate(standing, 4999, company);
    assert.equal(standing.class, nodeClass.joining);
    assert.ok(standing.settled);
    fedUpdate(standing, 5000, company);
    assert.equal(standing.class, nodeClass.active);
  });

  test('waits twice as long each time it has to join again soon, five minutes at most', () => {
    const standing = new Standing(0);
    let now = 5000;
    fedUpdate(standing, now, company);
    for (const wait of [5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]) {
      standing.join('pause', now);
      fedUpdate(standing, now + wait - 1, company);
      assert.equal(standing.phase, 'joining', `${wait} ms`);
      now += wait;
      fedUpdate(standing, now, company);
      assert.equal(standing.phase, 'member', `${wait} ms`);
    }
    now += 60_000;
    standing.join('pause', now);
    fedUpdate(standing, now + 5000, company);
    assert.equal(standing.phase, 'member');
  });

  test('stays joining while somebody answers whom nobody ever heard', () => {
    const standing = new Standing(0);
    fedUpdate(standing, 60_000, among({ strangerAnswers: true }));
    assert.equal(standing.class, nodeClass.joining);
    assert.ok(!standing.settled);
  });

  test('waits until everybody could have answered, however late it asked', () => {
    const standing = new Standing(0);
    standing.update(340, deadAfter, among({ stillAsking: true }));
    assert.equal(standing.class, nodeClass.joining);
    standing.update(390, deadAfter, quiet);
    assert.equal(standing.class, nodeClass.active);
  });

  test('is not sure of itself while one that was alone has yet to count it', () => {
    const standing = new Standing(0);
    standing.update(1, deadAfter, among({ allMutual: true, anyAlone: true }));
    assert.equal(standing.class, nodeClass.joining);
    assert.ok(!standing.settled);
  });
});

describe('a member', () => {
  const member = (): Standing => {
    const standing = new Standing(0);
    standing.update(0, deadAfter, among({ allMutual: true, anyLive: true }));
    return standing;
  };

  test('is behind after 30 s without news while others have them, until it has them again', () => {
    const standing = member();
    standing.setFresh(false, 1000);
    fedUpdate(standing, 30_999, among({ anyLive: true, anyFresh: true }));
    assert.equal(standing.class, nodeClass.active);
    fedUpdate(standing, 31_000, among({ anyLive: true, anyFresh: true }));
    assert.equal(standing.class, nodeClass.behind);
    fedUpdate(standing, 32_000, among({ anyLive: true }));
    assert.equal(standing.class, nodeClass.behind);
    standing.setFresh(true, 33_000);
    fedUpdate(standing, 33_000, among({ anyLive: true }));
    assert.equal(standing.class, nodeClass.active);
    assert.ok(!standing.isFresh(62_999));
    assert.ok(standing.isFresh(63_000));
  });

  test('is as good as any where nobody has news', () => {
    const standing = member();
    standing.setFresh(false, 1000);
    fedUpdate(standing, 100_000, among({ anyLive: true }));
    assert.equal(standing.class, nodeClass.active);
  });

  test('goes when its main thread is silent for 5 s, and joins when it is back', () => {
    const standing = member();
    standing.update(4999, deadAfter, company);
    assert.equal(standing.class, nodeClass.active);
    standing.update(5000, deadAfter, company);
    assert.equal(standing.class, nodeClass.out);
    assert.equal(standing.outSince, 5000);
    standing.feed(9000);
    assert.equal(standing.update(9000, deadAfter, company), 'main-thread');
  });

  test('that is excluded is out, whatever else it is', () => {
    const standing = member();
    standing.excluded = true;
    standing.ready = false;
    standing.update(1, deadAfter, quiet);
    assert.equal(standing.class, nodeClass.out);
    assert.ok(!standing.alone);
  });
});
