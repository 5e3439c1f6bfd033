/**
 * Who answers for an address, and what becomes of a client's packets, when something breaks. Every test begins
 * with agents that have just started, and prints what it measured; only who, in which order and what was lost
 * is asserted.
 */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test, type TestContext } from 'node:test';
import {
  monotonicMs,
  replaceNic,
  StandaloneCluster,
  ThreeNodes,
  waitFor,
  type Evidence,
  type Fault,
  type Witness,
} from '@fairlead/lab';

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

/**
 * From the take-over to the healing only the others answered, and only `a` once all was settled. Just after
 * the healing both may: a node that heard nobody must answer, until it hears somebody.
 */
function assertTakenOver(
  evidence: Evidence,
  { beganMs }: Fault,
  { healedMs, settledMs }: { readonly healedMs: number; readonly settledMs: number },
): void {
  const takenMs = evidence.takenOverMs([three.b, three.c], beganMs);
  for (const answering of Object.values(evidence.answering(takenMs, healedMs))) {
    assert.equal(answering.length, 1);
    assert.ok(!answering.includes('a'));
  }
  for (const answering of Object.values(evidence.answering(settledMs))) {
    assert.deepEqual(answering, ['a']);
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
    const healedMs = monotonicMs();
    await cut.heal();
    await three.settled(a);
    const settledMs = monotonicMs();
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    assertTakenOver(evidence, cut, { healedMs, settledMs });
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
    await witness.asks(200);
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

  test('the owner is deaf: another node answers', async (t) => {
    const { a, b, c } = three;
    await using witness = await three.witness();
    const deaf = await a.nic.oneWay('in');
    await witness.sees([b, c], deaf.beganMs);
    await witness.asks(100);
    const healedMs = monotonicMs();
    await deaf.heal();
    await three.settled(a);
    const settledMs = monotonicMs();
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    assertTakenOver(evidence, deaf, { healedMs, settledMs });
    assertLostOnlyMeanwhile(evidence, deaf);
  });

  test('nobody hears the owner, which hears all: another node answers', async (t) => {
    const { a, b, c } = three;
    await using witness = await three.witness();
    const mute = await a.nic.oneWay('out');
    await witness.sees([b, c], mute.beganMs);
    await witness.asks(200);
    const healedMs = monotonicMs();
    await mute.heal();
    await three.settled(a);
    const settledMs = monotonicMs();
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    assertTakenOver(evidence, mute, { healedMs, settledMs });
    assertLostOnlyMeanwhile(evidence, mute);
  });
});

describe('the network fails, but the owner is still heard by somebody', () => {
  before(() => three.boot());

  beforeEach(async () => {
    await three.lab.healAll();
    await three.settled(three.a);
  });

  test('two nodes do not reach each other while both reach the third: nothing happens', async (t) => {
    const { lab, a, c } = three;
    await using witness = await three.witness({ traffic: false });
    await using _ = await lab.cutBetween(a, c);
    await witness.asks(600);
    assertOwners(await conclude(t, witness), 'a');
  });

  test('a node other than the owner is deaf: nothing happens', async (t) => {
    const { b } = three;
    await using witness = await three.witness({ traffic: false });
    await using _ = await b.nic.oneWay('in');
    await witness.asks(600);
    assertOwners(await conclude(t, witness), 'a');
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
    for (const node of [a, b]) await three.says(node, /Allow UDP port 7476/);
    await witness.asks(200);
    const evidence = await conclude(t, witness);
    assertOwners(evidence, 'a');
    assertNoneLost(evidence);
  });
});

describe('somebody else is on the LAN', () => {
  beforeEach(() => three.boot());

  test('a foreign host takes the address: named, not fought over; served again when it goes', async (t) => {
    const { lab, cluster, a, addresses } = three;
    const [address] = addresses;
    assert.ok(address !== undefined);
    const foreign = await lab.foreign('foreign', {
      nics: [{ switch: cluster.lan, addresses: ['192.0.2.60/24'] }],
    });
    await using witness = await three.witness({ traffic: false });
    await foreign.exec(['ip', 'address', 'add', `${address}/32`, 'dev', foreign.nic.device]);
    // Whoever sends from an address first asks from it for its neighbour, and so is seen to have it.
    const sends = `const socket = require('node:dgram').createSocket('udp4');
      socket.bind({ address: '${address}' }, () =>
        socket.send('', 9, '192.0.2.61', () => socket.close()));`;
    await foreign.exec([process.execPath, '--eval', sends]);
    await waitFor(
      async () => {
        const { services } = await cluster.status(a);
        const problem = services.flatMap(({ problems }) => problems)[0];
        return problem?.value === address && problem.message.includes(foreign.nic.mac);
      },
      { what: 'status to name the foreign host', deadlineMs: 15_000 },
    );
    const conflictMs = monotonicMs();
    // Long enough for the owner to try again, which it does after 10 s.
    await witness.asks(2_400);
    const leavesMs = monotonicMs();
    await foreign.exec(['ip', 'address', 'del', `${address}/32`, 'dev', foreign.nic.device]);
    await three.settled(a);
    const settledMs = monotonicMs();
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    assert.deepEqual(evidence.answering(conflictMs, leavesMs)[address], ['foreign']);
    assert.deepEqual(evidence.answering(settledMs)[address], ['a']);
  });

  test('a second cluster with a node at an address of ours: each ignores the other', async (t) => {
    const { lab, cluster, nodes } = three;
    const other = await StandaloneCluster.create(lab, {
      nodes: ['d', 'e'],
      podsOn: ['e'],
      clusterId: 'other',
      lan: cluster.lan,
      firstNumber: 21,
      pool: ['192.0.2.200-192.0.2.209', '2001:db8::2:0/112'],
    });
    // As files look once a machine has moved from one cluster to the other: each sends to the other's.
    other.write({ nodes: [...other.nodes, ...nodes] });
    cluster.write({ nodes: [...nodes, ...other.nodes] });
    other.service({ name: 'theirs' });
    await other.startAgents();
    await using witness = await three.witness();
    await waitFor(async () => (await other.addressesOf('theirs')).length === 2, {
      what: 'the other cluster to have addresses',
      deadlineMs: 20_000,
    });
    for (const address of await other.addressesOf('theirs')) await other.owner(address);
    await three.says(three.a, /Another cluster, \\"other\\", runs Fairlead/);
    const { segments } = await other.status(other.nodes[0] ?? three.a);
    assert.match(JSON.stringify(segments), /Another cluster, \\"lab\\", runs Fairlead/);
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    await other.killAgents();
    cluster.write({ nodes });
    assertOwners(evidence, 'a');
    assert.equal(evidence.unanswered(), 0);
    assertNoneLost(evidence);
  });
});

describe("the owner's interface changes", () => {
  beforeEach(() => three.boot());

  test('it is renamed: one node answers, and the agent uses it again', async (t) => {
    const { a, cluster } = three;
    await using witness = await three.witness({ traffic: false });
    await a.exec(['ip', 'link', 'set', 'dev', 'eth0', 'name', 'lan0']);
    await waitFor(async () => (await cluster.status(a)).segments[0]?.interface === 'lan0', {
      what: 'the agent to follow',
      deadlineMs: 15_000,
    });
    await three.settled(a);
    const settledMs = monotonicMs();
    await witness.asks(100);
    await a.exec(['ip', 'link', 'set', 'dev', 'lan0', 'name', 'eth0']);
    await three.settled(a);
    const evidence = await conclude(t, witness);
    assert.deepEqual(Object.values(evidence.answering(settledMs, settledMs + 300)), [['a'], ['a']]);
  });

  test('its address changes, the new one first: nothing happens', async (t) => {
    const { a } = three;
    await using witness = await three.witness();
    await a.exec(['sysctl', '-qw', 'net.ipv4.conf.eth0.promote_secondaries=1']);
    const change = (from: string, to: string): Promise<unknown> =>
      a.exec(['ip', '-batch', '-'], {
        input: `address add ${to} dev eth0\naddress del ${from} dev eth0\n`,
      });
    await change('192.0.2.11/24', '192.0.2.31/24');
    await witness.asks(300);
    await change('192.0.2.31/24', '192.0.2.11/24');
    await witness.asks(300);
    await three.settled(a);
    const evidence = await conclude(t, witness);
    assertOwners(evidence, 'a');
    assert.equal(evidence.unanswered(), 0);
    assertNoneLost(evidence);
  });

  test('it is removed and made anew: another node answers, and this one comes back', async (t) => {
    const { a, b, c } = three;
    await using witness = await three.witness({ traffic: false });
    const removedMs = monotonicMs();
    await replaceNic(a);
    await witness.sees([b, c], removedMs);
    await three.settled(a);
    const settledMs = monotonicMs();
    await witness.asks(100);
    const evidence = await conclude(t, witness);
    assert.deepEqual(Object.values(evidence.answering(settledMs)), [['a'], ['a']]);
  });
});
