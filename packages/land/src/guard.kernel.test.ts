import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { address, examplePlan, other, pod } from './testing/example-cluster.ts';
import type { Answer, Question } from './testing/host-program.ts';
import { kubeProxyRules } from './testing/kube-proxy.ts';
import { LandingNetwork } from './testing/landing-network.ts';

const addresses = ['198.51.100.1', '2001:db8:100::1'];
const here = ['10.244.1.5', 'fd00:244::5'].map((text) => pod(text));
const elsewhere = here.map((endpoint) => ({ ...endpoint, node: other }));
const landed = examplePlan([{ name: 'web', addresses, endpoints: here }]);
const unserved = examplePlan([{ name: 'web', addresses, endpoints: elsewhere }]);

/** Counts what comes to the node for our address; a table of somebody else. */
const probe = `table inet probe {
  counter seen { }
  chain prerouting {
    type filter hook prerouting priority -400; policy accept;
    ip daddr 198.51.100.1 counter name seen
    ip6 daddr 2001:db8:100::1 counter name seen
  }
}`;

suite('guard', () => {
  let network: LandingNetwork;
  before(async () => {
    network = await LandingNetwork.start();
  });
  after(() => network[Symbol.dispose]());
  afterEach(() => {
    network.node.run('nft flush ruleset');
    network.steerTo('node');
  });

  const ask = (question: Question): Promise<Answer> => network.client.call('ask', question);
  const seen = (): number => {
    const counter = network.node.run('nft list counter inet probe seen');
    return Number(/packets (\d+)/u.exec(counter)?.[1]);
  };

  for (const protocol of ['tcp', 'udp'] as const) {
    for (const text of addresses) {
      test(`what nobody serves is refused, not sent on: ${protocol} to ${text}`, async () => {
        network.node.run(`nft '${probe}'`);
        const question = { protocol, address: text, port: 80 };
        assert.ok('error' in (await ask({ ...question, timeoutMs: 500 })));
        const looped = seen();
        assert.ok(looped > 20, `the router sends it back: ${looped} packets, though one was sent`);
        network.node.run('nft reset counter inet probe seen');
        await network.node.call('apply', unserved);
        assert.deepEqual(await ask(question), { error: 'ECONNREFUSED' });
        assert.equal(seen(), 1);
        // A port of no Service at an address that lands.
        await network.node.call('apply', landed);
        assert.deepEqual(await ask({ ...question, port: 81 }), { error: 'ECONNREFUSED' });
      });
    }
  }

  test('refused too where the address is the node’s own, as on kube-ipvs0', async () => {
    await network.node.call('apply', unserved);
    network.node.run('ip address add 198.51.100.1/32 dev lo');
    await network.node.call('serve', { pod: 'node', ports: [80] });
    const question = { protocol: 'tcp', address: '198.51.100.1', port: 80 } as const;
    assert.deepEqual(await ask(question), { error: 'ECONNREFUSED' });
    await network.node.call('remove');
    assert.deepEqual(await ask(question).then((answer) => 'pod' in answer && answer.pod), 'node');
    network.node.run('ip address del 198.51.100.1/32 dev lo');
  });

  test('refusals are limited; what is beyond is dropped', async () => {
    await network.node.call('apply', unserved);
    const begin = performance.now();
    await network.client.call('flood', { address: '198.51.100.1', port: 80, packets: 3000 });
    const counters = await network.node.call('counters');
    const seconds = (performance.now() - begin) / 1000;
    const { 'guard-refused': refused = 0, 'guard-dropped': dropped = 0 } = counters;
    assert.ok(refused >= 100 && refused <= 100 + 400 * seconds, `${refused} in ${seconds} s`);
    assert.ok(dropped > 0 && refused + dropped >= 2900, JSON.stringify(counters));
  });

  test('a flow that is steered here wrongly for a second survives', async () => {
    await network.node.call('apply', landed);
    network.node.run(`nft '${kubeProxyRules('Cluster')}'`);
    network.steerTo('elsewhere');
    for (const text of addresses) {
      const id = await network.client.call('open', { protocol: 'tcp', address: text, port: 80 });
      network.steerTo('node');
      assert.equal(await network.client.call('say', { id, timeoutMs: 1000 }), 'timeout');
      const counters = await network.node.call('counters');
      assert.ok((counters['stray-dropped'] ?? 0) > 0, 'the packets came here');
      assert.equal(counters['landed'], 0);
      network.steerTo('elsewhere');
      // Sent again by the client's TCP, then this one.
      assert.equal(await network.client.call('say', { id, timeoutMs: 5000 }), 'hello');
    }
    assert.doesNotMatch(network.node.run('nft list counters'), /services \{\s+packets [1-9]/u);
  });

  test('a flow that nobody knows any more is reset after the grace', async () => {
    await network.node.call('apply', landed);
    network.steerTo('elsewhere');
    const ids = [];
    for (const text of addresses) {
      ids.push(await network.client.call('open', { protocol: 'tcp', address: text, port: 80 }));
    }
    network.steerTo('node');
    for (const id of ids) {
      const begin = performance.now();
      assert.equal(await network.client.call('say', { id, timeoutMs: 10_000 }), 'ECONNRESET');
      assert.ok(performance.now() - begin > 1900, 'not before the grace is over');
    }
    const counters = await network.node.call('counters');
    assert.equal(counters['landed'], 0);
    assert.ok((counters['stray-refused'] ?? 0) >= 2);
  });

  test('without the guard kube-proxy’s rewrite resets such a flow at once', async () => {
    network.node.run(`nft '${kubeProxyRules('Cluster')}'`);
    network.steerTo('elsewhere');
    const question = { protocol: 'tcp', address: '198.51.100.1', port: 80 } as const;
    const id = await network.client.call('open', question);
    network.steerTo('node');
    assert.equal(await network.client.call('say', { id, timeoutMs: 5000 }), 'ECONNRESET');
  });

  test('our address answers an echo while a pod stands behind it, on any node', async () => {
    const { gateway } = network;
    const echo = (to: string, from: string, timeoutMs: number) =>
      network.client.call('ping', {
        from: address(from),
        to: address(to),
        gateway,
        // One flow: conntrack alone would let it go on.
        identifier: 7,
        timeoutMs,
      });
    const none = examplePlan([{ name: 'web', addresses, endpoints: [] }]);
    for (const [plan, answered] of [
      [none, false],
      [unserved, true],
      [landed, true],
      [none, false],
    ] as const) {
      await network.node.call('apply', plan);
      const timeoutMs = answered ? 5000 : 300;
      assert.equal(await echo('198.51.100.1', '203.0.113.10', timeoutMs), answered);
      assert.equal(await echo('2001:db8:100::1', '2001:db8:3::10', timeoutMs), answered);
    }
  });
});
