/**
 * Addresses need no API server once they are given: nothing moves while it is away, fail-over works, agents start
 * without it. Only who answers, in which order, and what was lost is asserted; times are printed.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test, type TestContext } from 'node:test';
import type { IpAddress } from '@fairlead/ip';
import { resources } from '@fairlead/kube';
import {
  addObserver,
  Lab,
  monotonicMs,
  waitFor,
  Witness,
  witnessedPorts,
  type Evidence,
  type Host,
  type Node,
} from '@fairlead/lab';
import { KubernetesCluster } from '@fairlead/lab/kubernetes';

const WEB = ['192.0.2.100', '2001:db8::1:64'] as IpAddress[];

let lab: Lab;
let cluster: KubernetesCluster;
let observer: Host;
let a: Node;
let b: Node;
let c: Node;

before(async () => {
  lab = await Lab.create({ name: 'outage' });
  cluster = await KubernetesCluster.create(lab);
  observer = await addObserver(lab, cluster.lan);
  [a, b, c] = cluster.nodes as [Node, Node, Node];
  for (const name of ['controller-1', 'controller-2']) await cluster.controllers.start(name);
  await cluster.kubeProxies.start('nftables');
  await prefer('a');
  await cluster.startAgents();
  await cluster.settled('web', a);
});

after(() => lab[Symbol.asyncDispose]());

/** Makes `web`, or moves it to another node. */
function prefer(preferredNode: string): Promise<void> {
  return cluster.service({ name: 'web', ports: witnessedPorts, addresses: WEB, preferredNode });
}

function witness(addresses: readonly IpAddress[] = WEB, traffic = true): Promise<Witness> {
  return Witness.begin({ lab, observer, client: cluster.client, addresses, traffic });
}

/** The witness ends, its figures are printed. */
async function conclude(t: TestContext, one: Witness): Promise<Evidence> {
  const evidence = await one.end();
  t.diagnostic(evidence.figures());
  return evidence;
}

/** First the agent of a node that does not answer, then that of the one that does. */
async function restartAgents(): Promise<void> {
  for (const node of [b, a]) {
    assert.equal((await cluster.agent(node).stop()).code, 0);
    await cluster.startAgent(node);
    await cluster.settled('web', a);
  }
}

/** These answered in this order, every question was answered, no packet was lost. */
function assertUnharmed(evidence: Evidence, ...order: readonly string[]): void {
  for (const [address, owners] of Object.entries(evidence.owners())) {
    assert.deepEqual(owners, order, `owners of ${address}`);
  }
  assert.deepEqual(evidence.unanswered(), []);
  assert.deepEqual(evidence.lost(), {});
  assert.deepEqual(evidence.errors(), {});
}

/** A Service made now is answered for; prints how long that took. */
async function assertServed(
  t: TestContext,
  name: string,
  number: number,
  deadlineMs: number,
): Promise<void> {
  const addresses = [`192.0.2.${number}`, `2001:db8::1:${number.toString(16)}`] as IpAddress[];
  await using watching = await witness(addresses, false);
  const createdMs = monotonicMs();
  await cluster.service({ name, addresses });
  await watching.sees(cluster.nodes, createdMs, deadlineMs);
  const evidence = await watching.end();
  const names = cluster.nodes.map((node) => node.name);
  const tookMs = evidence.takenOverMs(names, createdMs) - createdMs;
  t.diagnostic(`${name}: answered for ${tookMs.toFixed(0)} ms after it was created`);
}

describe('the API server is away', () => {
  test('nothing moves, nothing is lost', async (t) => {
    await using watching = await witness();
    await cluster.plane.killApiServer();
    await watching.asks(600);
    assertUnharmed(await conclude(t, watching), 'a');
  });

  test("the owner's link is cut: another node answers; whole again: the owner does", async (t) => {
    await using watching = await witness();
    const cut = await a.nic.cut();
    await watching.sees([b, c], cut.beganMs);
    await watching.asks(100);
    await cut.heal();
    await cluster.settled('web', a);
    const settledMs = monotonicMs();
    await watching.asks(100);
    const evidence = await conclude(t, watching);
    for (const owners of Object.values(evidence.answering(settledMs))) {
      assert.deepEqual(owners, ['a']);
    }
    assert.deepEqual(evidence.errors(), {}, 'no connection broke');
  });

  test('agents that start again continue from what they saved', async (t) => {
    await using watching = await witness();
    await restartAgents();
    await watching.asks(100);
    const evidence = await conclude(t, watching);
    for (const owners of Object.values(evidence.owners())) {
      assert.deepEqual([owners[0], owners.length, owners[2]], ['a', 3, 'a']);
    }
    assert.deepEqual(evidence.unanswered(), []);
    assert.deepEqual(evidence.lost(), {});
    assert.deepEqual(evidence.errors(), {});
  });

  test('it is back: nothing moves, a new Service is served', async (t) => {
    // Without packets: on a small machine they would keep the API server from starting.
    await using watching = await witness(WEB, false);
    await cluster.plane.startApiServer();
    await assertServed(t, 'after-outage', 121, 10_000);
    assertUnharmed(await conclude(t, watching), 'a');
  });
});

test('the leading controller is killed: nothing moves, the standby serves a new Service', async (t) => {
  await using watching = await witness();
  const leader = await cluster.controllers.leader();
  leader.kill();
  await assertServed(t, 'after-controller', 122, 60_000);
  assert.notEqual((await cluster.controllers.leader()).pid, leader.pid);
  assertUnharmed(await conclude(t, watching), 'a');
});

test('agents that start while the key of the membership is gone use the one that they saved', async (t) => {
  assert.equal((await (await cluster.controllers.leader()).stop()).code, 0);
  await cluster.api.delete(resources.secrets, { namespace: 'fairlead-system', name: 'membership' });
  await using watching = await witness();
  await restartAgents();
  await watching.asks(100);
  const evidence = await conclude(t, watching);
  assert.deepEqual(evidence.unanswered(), []);
  assert.deepEqual(evidence.lost(), {});
  assert.match(await cluster.fairlead(a, 'status'), /Secret\/fairlead-system\/membership.*saved/u);
  await cluster.controllers.start('controller-3');
  await waitFor(async () => !(await cluster.fairlead(a, 'status')).includes('Secret/'), {
    what: 'a new key',
    deadlineMs: 30_000,
  });
  await cluster.settled('web', a);
});

test('the owner is cut from the API server alone: nothing moves', async (t) => {
  await using watching = await witness();
  await cluster.apiOf(a).cut();
  await watching.asks(1_000);
  await cluster.apiOf(a).restore();
  assertUnharmed(await conclude(t, watching), 'a');
});

test('the owner sees 5 s late that it shall hand over: one owner all the time', async (t) => {
  await cluster.settled('web', a);
  await using watching = await witness();
  await cluster.apiOf(a).delay(5_000);
  const changedMs = monotonicMs();
  await prefer('b');
  await watching.sees([b], changedMs);
  await cluster.settled('web', b);
  await cluster.apiOf(a).restore();
  assertUnharmed(await conclude(t, watching), 'a', 'b');
});
