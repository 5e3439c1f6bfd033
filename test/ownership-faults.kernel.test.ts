/**
 * Who answers for an address, and what becomes of a client's packets, when something breaks. Every test begins
 * with agents that have just started, and prints what it measured; only who, in which order and what was lost
 * is asserted.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test, type TestContext } from 'node:test';
import { monotonicMs, waitFor, type Fault } from '@fairlead/lab';
import { ThreeNodes } from './support/three-nodes.ts';
import type { Evidence, Witness } from './support/witness.ts';

/** The sender's clock and the kernel's stamp of the answer that ended an outage are read apart. */
const READ_APART_MS = 20;

let three: ThreeNodes;

before(async () => {
  three = await ThreeNodes.create('owner');
});

after(() => three[Symbol.asyncDispose]());

/** The witness ends, its figures are printed. */
async function conclude(t: TestContext, witness: Witness): Promise<Evidence> {
  const evidence = await witness.end();
  t.diagnostic(evidence.figures());
  return evidence;
}

/** The owners of each address in order: `a`, or one of the two others. */
function assertOwners(evidence: Evidence, ...order: readonly ('a' | 'other')[]): void {
  for (const [address, owners] of Object.entries(evidence.owners())) {
    const seen = owners.map((name) => (name === 'b' || name === 'c' ? 'other' : name));
    assert.deepEqual(seen, order, `owners of ${address}: ${owners.join(', ')}`);
  }
}

/** Nothing was lost, no connection broke. */
function assertNoneLost(evidence: Evidence): void {
  assert.deepEqual(evidence.lost(), {});
  assert.deepEqual(evidence.errors(), {});
}

/** What TCP repeats arrives; UDP is lost only from the fault to the next owner's answer. */
function assertLostOnlyMeanwhile(evidence: Evidence, { beganMs }: Fault): void {
  const toMs = evidence.takenOverMs([three.b, three.c], beganMs) + READ_APART_MS;
  assert.equal(evidence.lostOutside({ fromMs: beganMs - READ_APART_MS, toMs }), 0);
  const protocols = Object.keys(evidence.lost()).map((flow) => flow.slice(0, 3));
  assert.ok(!protocols.includes('tcp'), 'TCP lost nothing');
  assert.deepEqual(evidence.errors(), {});
}

describe('the owner fails', () => {
  beforeEach(() => three.boot());

  test('its link is cut, and later whole again', async (t) => {
    const { a, b, c } = three;
    await using witness = await three.witness();
    const cut = await a.nic.cut();
    await witness.sees([b, c], cut.beganMs);
    await witness.asks(100);
    await cut.heal();
    await three.settled(a);
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    assertOwners(evidence, 'a', 'other', 'a');
    assertLostOnlyMeanwhile(evidence, cut);
  });

  test('its agent is killed: what is pinned goes on, another node answers', async (t) => {
    const { a, b, c, cluster } = three;
    await using witness = await three.witness();
    const killedMs = monotonicMs();
    cluster.agent(a).kill();
    await witness.sees([b, c], killedMs);
    await witness.asks(100);
    await cluster.startAgent(a);
    await three.settled(a);
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    assertOwners(evidence, 'a', 'other', 'a');
    assertNoneLost(evidence);
  });

  test('its agent is frozen with hundreds of questions unread, and thawed: no stale answer', async (t) => {
    const { a, b, c, cluster } = three;
    await using witness = await three.witness();
    const frozenMs = monotonicMs();
    await cluster.agent(a).freeze();
    await witness.sees([b, c], frozenMs);
    await witness.asks(100);
    cluster.agent(a).thaw();
    await witness.asks(100);
    const askedMs = monotonicMs();
    await three.settled(a);
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    const takenMs = evidence.takenOverMs([b, c], frozenMs);
    assert.deepEqual(evidence.answersOf(a, takenMs, askedMs), []);
    assertOwners(evidence, 'a', 'other', 'a');
    assertNoneLost(evidence);
  });

  test('its main thread stands still for 2 s: nothing happens', async (t) => {
    const { a, cluster } = three;
    await using witness = await three.witness();
    await cluster.blockMainThread(a, 2_000);
    await witness.asks(500);
    await three.settled(a);
    const evidence = await conclude(t, witness);
    assertOwners(evidence, 'a');
    assert.equal(evidence.unanswered(), 0);
    assertNoneLost(evidence);
  });

  test('its main thread stands still for 10 s: handed over once, and back', async (t) => {
    const { a, b, c, cluster } = three;
    await using witness = await three.witness();
    const blockedMs = monotonicMs();
    await cluster.blockMainThread(a, 10_000);
    await witness.sees([b, c], blockedMs);
    await waitFor(() => cluster.status(a), { what: 'the agent of a', deadlineMs: 30_000 });
    await three.settled(a);
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    assertOwners(evidence, 'a', 'other', 'a');
    assert.equal(evidence.unanswered(), 0);
    assertNoneLost(evidence);
  });

  test('its agent is stopped and started again: no question unanswered, no packet lost', async (t) => {
    const { a, b, c, cluster } = three;
    await using witness = await three.witness();
    const stoppedMs = monotonicMs();
    const { code } = await cluster.agent(a).stop();
    await witness.sees([b, c], stoppedMs);
    await witness.asks(100);
    await cluster.startAgent(a);
    await three.settled(a);
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    assert.equal(code, 0);
    assertOwners(evidence, 'a', 'other', 'a');
    assert.equal(evidence.unanswered(), 0);
    assertNoneLost(evidence);
  });

  test('it is excluded by its label, and later not: handed over both times', async (t) => {
    const { a, b, c, cluster } = three;
    await using witness = await three.witness();
    const excludedMs = monotonicMs();
    cluster.write({ excludedNodes: [a] });
    await witness.sees([b, c], excludedMs);
    await witness.asks(100);
    cluster.write({ excludedNodes: [] });
    await three.settled(a);
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    assertOwners(evidence, 'a', 'other', 'a');
    assert.equal(evidence.unanswered(), 0);
    assertNoneLost(evidence);
  });
});

describe('the network fails', () => {
  beforeEach(() => three.boot());

  test('the segment is split, and healed: one owner on each side, one afterwards', async (t) => {
    const { a, b, c, cluster } = three;
    await using witness = await three.witness({ traffic: false });
    const split = await cluster.lan.split([a], [b, c]);
    await witness.sees([b, c], split.completeMs);
    const bothMs = monotonicMs();
    await witness.asks(200);
    const splitMs = monotonicMs();
    await split.heal();
    await three.settled(a);
    const settledMs = monotonicMs();
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    for (const answering of Object.values(evidence.answering(bothMs, splitMs))) {
      assert.equal(answering.length, 2);
      assert.ok(answering.includes('a'), 'one on each side');
    }
    for (const answering of Object.values(evidence.answering(settledMs))) {
      assert.deepEqual(answering, ['a']);
    }
    assert.equal(evidence.unanswered(), 0);
  });

  test('two nodes do not reach each other while both reach the third: nothing happens', async (t) => {
    const { lab, a, c } = three;
    await using witness = await three.witness({ traffic: false });
    await using _ = await lab.cutBetween(a, c);
    await witness.asks(600);
    assertOwners(await conclude(t, witness), 'a');
  });

  test('a node other than the owner is deaf: nothing happens', async (t) => {
    const { a, b } = three;
    await using witness = await three.witness({ traffic: false });
    await using _ = await b.nic.oneWay('in');
    await witness.asks(600);
    assertOwners(await conclude(t, witness), 'a');
  });

  test('the owner is deaf: another node answers', async (t) => {
    const { a, b, c } = three;
    await using witness = await three.witness();
    const deaf = await a.nic.oneWay('in');
    await witness.sees([b, c], deaf.beganMs);
    await witness.asks(100);
    await deaf.heal();
    await three.settled(a);
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    assertOwners(evidence, 'a', 'other', 'a');
    assertLostOnlyMeanwhile(evidence, deaf);
  });

  test('nobody hears the owner, which hears all: another node answers', async (t) => {
    const { a, b, c } = three;
    await using witness = await three.witness();
    const mute = await a.nic.oneWay('out');
    await witness.sees([b, c], mute.beganMs);
    await witness.asks(100);
    await mute.heal();
    await three.settled(a);
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    assertOwners(evidence, 'a', 'other', 'a');
    assertLostOnlyMeanwhile(evidence, mute);
  });

  test('a link passes one way only between two nodes: nothing happens', async (t) => {
    const { lab, a, b } = three;
    await using witness = await three.witness({ traffic: false });
    await using _ = await lab.filter({ protocol: 'any', from: [a], to: [b] });
    await witness.asks(600);
    assertOwners(await conclude(t, witness), 'a');
  });

  test('heartbeats are filtered while ARP passes: nobody takes over, and status says why', async (t) => {
    const { lab, a, b } = three;
    await using witness = await three.witness();
    await using _ = await lab.filter({ protocol: 'udp', port: 7476 });
    for (const node of [a, b]) {
      await waitFor(async () => /Allow UDP port 7476/.test(await three.segmentProblems(node)), {
        what: `${node.name} to say that heartbeats do not arrive`,
        deadlineMs: 15_000,
      });
    }
    await witness.asks(200);
    const evidence = await conclude(t, witness);
    assertOwners(evidence, 'a');
    assertNoneLost(evidence);
  });
});
