import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { heartbeatPort } from '../codec/heartbeat.ts';
import { play, circumstancesOf } from './history.ts';
import { regressionSeeds } from './regression-seeds.ts';
import { replay, replayCommand } from './replay.ts';
import { runHistories, seedRange } from './run.ts';
import type { SimulatedNode } from './simulated-node.ts';
import { Stage } from './stage.ts';
import type { ObservedAddress } from './world.ts';

const addresses: readonly ObservedAddress[] = Array.from({ length: 30 }, (_, index) => ({
  announcement: 0,
  bucket: index * 34,
}));

/** Nodes that have shared the addresses among themselves. */
function settledStage(nodes: number): Stage {
  const stage = new Stage({
    seed: 1,
    nodes,
    load: 'idle',
    addresses,
    announcements: [{ id: 0 }],
    traced: false,
  });
  for (const node of stage.nodes) node.start();
  pass(stage, 800);
  stage.world.observer.incidents.length = 0;
  return stage;
}

function pass(stage: Stage, ms: number): void {
  stage.world.runUntil(stage.world.now + ms * 1e6);
}

function owners(stage: Stage): (string | undefined)[] {
  return addresses.map((_, address) => {
    const [owner, another] = stage.world.observer.answerers(0, address);
    assert.equal(another, undefined, `address ${address} has two owners`);
    return owner === undefined ? undefined : stage.nodes[owner]?.name;
  });
}

function first(stage: Stage): SimulatedNode {
  const [node] = stage.nodes;
  assert.ok(node);
  return node;
}

/** The longest incident of a kind, in milliseconds. */
function worst(stage: Stage, kind: 'none' | 'two'): number {
  const { incidents } = stage.world.observer;
  const lasted = incidents.filter((each) => each.kind === kind).map((i) => i.toNs - i.fromNs);
  return Math.max(0, ...lasted) / 1e6;
}

describe('three nodes', () => {
  test('share the addresses, and nothing happens for long', () => {
    const stage = settledStage(3);
    const before = owners(stage);
    assert.equal(new Set(before).size, 3);
    pass(stage, 20_000);
    assert.deepEqual(owners(stage), before);
    assert.deepEqual(stage.world.observer.incidents, []);
  });

  test('whose one is cut off: the others answer within 350 ms, and only its addresses move', () => {
    const stage = settledStage(3);
    const before = owners(stage);
    const lost = first(stage);
    stage.world.network.setLink(lost.index, { receives: false, sends: false });
    stage.world.observer.update(stage.world.now);
    pass(stage, 1000);
    const after = owners(stage);
    for (const [address, owner] of before.entries()) {
      if (owner === lost.name) assert.notEqual(after[address], owner);
      else assert.equal(after[address], owner);
    }
    assert.ok(worst(stage, 'none') < 350, `${worst(stage, 'none')} ms`);
    assert.ok(worst(stage, 'none') > 100, 'or nothing was cut');
    stage.world.network.restore();
    stage.world.observer.update(stage.world.now);
    pass(stage, 8000);
    assert.deepEqual(owners(stage), before, 'all is as before');
    assert.ok(worst(stage, 'two') < 150, `${worst(stage, 'two')} ms`);
  });

  test('whose one comes back after a cut: it gives way and joins, whenever that is and whoever is heard first', () => {
    for (let afterMs = 1000; afterMs < 1100; afterMs += 7) {
      const stage = settledStage(3);
      const lost = first(stage);
      stage.world.network.setLink(lost.index, { receives: false, sends: false });
      pass(stage, afterMs);
      stage.world.network.restore();
      pass(stage, 200);
      assert.equal(lost.member?.snapshot().phase, 'joining', `healed after ${afterMs} ms`);
    }
  });

  test('whose one comes back, and of two one hears it no longer than while it was alone: nothing is let go', () => {
    for (let afterMs = 1; afterMs < 30; afterMs++) {
      for (const [back, deafTo] of [
        [0, 1],
        [0, 2],
        [1, 0],
        [1, 2],
        [2, 0],
        [2, 1],
      ] as const) {
        const stage = settledStage(3);
        stage.world.network.setLink(back, { receives: false, sends: false });
        pass(stage, 900);
        stage.world.network.restore();
        stage.world.observer.update(stage.world.now);
        pass(stage, afterMs);
        stage.world.observer.incidents.length = 0;
        stage.world.network.filter(back, deafTo);
        pass(stage, 2000);
        assert.equal(worst(stage, 'none'), 0, `${back} after ${afterMs} ms, deaf to ${deafTo}`);
      }
    }
  });

  test('whose one leaves: no moment without an answer, on its way out and back', () => {
    const stage = settledStage(3);
    const before = owners(stage);
    first(stage).leave();
    pass(stage, 1000);
    assert.ok(!first(stage).running);
    assert.equal(new Set(owners(stage)).size, 2);
    first(stage).start();
    pass(stage, 8000);
    assert.deepEqual(owners(stage), before);
    assert.equal(worst(stage, 'none'), 0);
    assert.ok(worst(stage, 'two') < 20, `${worst(stage, 'two')} ms`);
  });

  test('whose one stands still and goes on: it never answers what others took', () => {
    for (const afterCalls of [0, 1, 2, 3, 4, 5, 6, 7, 8]) {
      const stage = settledStage(3);
      first(stage).freeze(2000, afterCalls);
      pass(stage, 4000);
      assert.equal(worst(stage, 'two'), 0, `stopped at call ${afterCalls}`);
      assert.deepEqual(stage.world.violations, []);
    }
  });

  test('with a firewall between them: nothing moves, and they say which port to open', () => {
    const stage = settledStage(3);
    const before = owners(stage);
    for (const a of stage.nodes)
      for (const b of stage.nodes) stage.world.network.filter(a.index, b.index);
    pass(stage, 5000);
    assert.deepEqual(owners(stage), before);
    assert.deepEqual(stage.world.observer.incidents, []);
    const problems = first(stage).member?.problems() ?? [];
    assert.equal(problems.filter(({ code }) => code === 'heartbeats-blocked').length, 2);
    assert.ok(problems.every(({ message }) => message.includes(`UDP port ${heartbeatPort}`)));
  });

  test('whose one hears no other directly: nothing moves', () => {
    const stage = settledStage(3);
    const before = owners(stage);
    stage.world.network.cut(0, 1);
    stage.world.network.cut(1, 0);
    pass(stage, 10_000);
    assert.deepEqual(owners(stage), before);
    assert.deepEqual(stage.world.observer.incidents, []);
  });
});

describe('histories', () => {
  test('the rules hold in some at random', () => {
    const { failures, worst: kinds } = runHistories(seedRange(1_000_000, 22));
    assert.deepEqual(failures, []);
    assert.equal(
      kinds.reduce((sum, { histories }) => sum + histories, 0),
      22,
    );
  });

  test('the rules hold in all that once went wrong', () => {
    const { failures } = runHistories(regressionSeeds.map(({ seed }) => seed));
    assert.deepEqual(failures, []);
  });

  test('the same seed gives the same history, and can be read', () => {
    const circumstances = circumstancesOf(1);
    assert.deepEqual(play(circumstances, true), play(circumstances, true));
    const text = replay(1);
    assert.match(text, /^seed 1: killed and started again/u);
    assert.match(text, /\*\* kill d2\n/u);
    assert.match(text, /all rules held/u);
    assert.match(replayCommand(1), /replay\(1\)/u);
  });
});
