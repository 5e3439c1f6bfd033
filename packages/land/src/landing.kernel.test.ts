import type { ServicePort } from '@fairlead/cluster';
import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { address, examplePlan, pod, type ExampleService } from './testing/example-cluster.ts';
import type { Answer, Question } from './testing/host-program.ts';
import { kubeProxyRules } from './testing/kube-proxy.ts';
import { LandingNetwork } from './testing/landing-network.ts';

const ports: readonly ServicePort[] = [
  { name: 'http', protocol: 'TCP', port: 80 },
  { name: 'dns', protocol: 'UDP', port: 80 },
];
const podPorts = ports.map((port) => ({ ...port, port: 8080 }));
const first = ['10.244.1.5', 'fd00:244::5'].map((text) => pod(text, { ports: podPorts }));
const second = ['10.244.1.6', 'fd00:244::6'].map((text) => pod(text, { ports: podPorts }));
const web: ExampleService = {
  name: 'web',
  addresses: ['198.51.100.1', '2001:db8:100::1'],
  ports,
  endpoints: first,
};

const families = [
  { family: 'IPv4', address: '198.51.100.1', client: '203.0.113.10', outsider: '203.0.113.20' },
  {
    family: 'IPv6',
    address: '2001:db8:100::1',
    client: '2001:db8:3::10',
    outsider: '2001:db8:3::20',
  },
] as const;
const cases = (['tcp', 'udp'] as const).flatMap((protocol) => [
  { protocol, ...families[0] },
  { protocol, ...families[1] },
]);

/** What a client gets from a node without our table. */
const alone = {
  // A loop between router and node, until a TTL ends.
  none: /^(?:timeout|EHOSTUNREACH)$/u,
  // The node, not the client.
  Cluster: /^pod-1 saw (?:10\.244\.1\.1|fd00:244::1)$/u,
  Local: /^pod-1 saw (?:203\.0\.113\.10|2001:db8:3::10)$/u,
};

suite('landing', () => {
  let network: LandingNetwork;
  before(async () => {
    network = await LandingNetwork.start();
  });
  after(() => network[Symbol.dispose]());
  afterEach(() => network.node.run('nft flush ruleset'));

  const ask = (question: Question): Promise<Answer> => network.client.call('ask', question);
  const asked = async (question: Question): Promise<string> => {
    const answer = await ask(question);
    return 'error' in answer ? answer.error : `${answer.pod} saw ${answer.client}`;
  };

  for (const policy of ['none', 'Cluster', 'Local'] as const) {
    const proxy = policy === 'none' ? 'without kube-proxy' : `over kube-proxy, policy ${policy}`;
    for (const { family, protocol, address, client } of cases) {
      test(`${proxy}: the pod sees the client, ${protocol} over ${family}`, async () => {
        if (policy !== 'none') network.node.run(`nft '${kubeProxyRules(policy)}'`);
        await network.node.call('apply', examplePlan([web]));
        const question = { protocol, address, port: 80 };
        assert.equal(await asked(question), `pod-1 saw ${client}`);
        // What the rules of kube-proxy alone would have made of it: the test can fail.
        await network.node.call('remove');
        const timeoutMs = policy === 'none' ? 300 : 5000;
        assert.match(await asked({ ...question, timeoutMs }), alone[policy]);
      });
    }
  }

  test('new clients spread over the pods of the node, whatever the protocol', async () => {
    const plan = examplePlan([{ ...web, endpoints: [...first, ...second] }]);
    await network.node.call('apply', plan);
    for (const { address, protocol } of cases) {
      const pods = new Map<string, number>();
      for (let fromPort = 20_000; fromPort < 20_060; fromPort += 1) {
        const answer = await ask({ protocol, address, port: 80, fromPort });
        assert.ok('pod' in answer, JSON.stringify(answer));
        pods.set(answer.pod, (pods.get(answer.pod) ?? 0) + 1);
      }
      // 60 throws of a coin: outside 12–48 once in a million runs.
      for (const name of ['pod-1', 'pod-2']) {
        const count = pods.get(name) ?? 0;
        assert.ok(count > 12 && count < 48, `${name} ${count} times, ${protocol} ${address}`);
      }
    }
  });

  test('a client port that conntrack has forgotten gets the same pod again', async () => {
    await network.node.call('apply', examplePlan([{ ...web, endpoints: [...first, ...second] }]));
    const forget = '/proc/sys/net/netfilter/nf_conntrack_udp_timeout';
    network.node.run(`echo 1 > ${forget}`);
    const questions = [1, 2, 3, 4, 5, 6].map((at) => {
      return { protocol: 'udp', address: '198.51.100.1', port: 80, fromPort: 21_000 + at } as const;
    });
    const askAll = async (): Promise<string[]> => {
      const answers = [];
      for (const question of questions) answers.push(await asked(question));
      return answers;
    };
    const before = await askAll();
    await sleep(2500);
    const { landed = 0 } = await network.node.call('counters');
    assert.deepEqual(await askAll(), before);
    const counters = await network.node.call('counters');
    assert.equal(counters['landed'], landed + questions.length, 'conntrack knew none of them');
    network.node.run(`echo 30 > ${forget}`);
  });

  test('a pod that is no longer ready gets no new flow; its established ones stay', async () => {
    await network.node.call('apply', examplePlan([web]));
    const id = await network.client.call('open', {
      protocol: 'tcp',
      address: '198.51.100.1',
      port: 80,
    });
    await network.node.call('apply', examplePlan([{ ...web, endpoints: second }]));
    for (const { address, client, protocol } of cases) {
      assert.equal(await asked({ protocol, address, port: 80 }), `pod-2 saw ${client}`);
    }
    assert.equal(await network.client.call('say', { id, timeoutMs: 5000 }), 'hello');
  });

  test('established flows outlive a flushed ruleset that is repaired', async () => {
    const plan = examplePlan([web]);
    await network.node.call('apply', plan);
    const question = { protocol: 'tcp', address: '198.51.100.1', port: 80 } as const;
    const id = await network.client.call('open', question);
    network.node.run('nft flush ruleset');
    await network.node.call('apply', plan);
    assert.equal(await network.client.call('say', { id, timeoutMs: 5000 }), 'hello');
  });

  test('SCTP lands with a checksum that stands', async () => {
    const port = { name: 'sctp', protocol: 'SCTP', port: 80 } as const;
    const endpoints = ['10.244.1.5', 'fd00:244::5'].map((text) => {
      return pod(text, { ports: [{ ...port, port: 8080 }] });
    });
    await network.node.call('apply', examplePlan([{ ...web, ports: [port], endpoints }]));
    const [pod1] = network.pods;
    // Conntrack takes a packet of a wrong checksum for invalid.
    pod1.run(`nft 'table inet probe {
      counter seen { }
      chain input {
        type filter hook input priority 0;
        sctp dport 8080 ct state new counter name seen
      }
    }'`);
    const { gateway } = network;
    for (const { address: to, client } of families) {
      const frame = { from: address(client), to: address(to), gateway, port: 80 };
      await network.client.call('openSctp', frame);
    }
    const deadline = performance.now() + 5000;
    while (!pod1.run('nft list counter inet probe seen').includes('packets 2')) {
      assert.ok(performance.now() < deadline, pod1.run('nft list ruleset'));
      await sleep(20);
    }
  });

  test('source ranges hold ahead of kube-proxy, and count whom they drop', async () => {
    network.node.run(`nft '${kubeProxyRules('Cluster')}'`);
    const sourceRanges = ['203.0.113.0/28', '2001:db8:3::/123', '198.18.0.0/15'];
    await network.node.call('apply', examplePlan([{ ...web, sourceRanges }]));
    for (const { address, client, outsider, protocol } of cases) {
      const question = { protocol, address, port: 80 };
      assert.equal(await asked(question), `pod-1 saw ${client}`);
      assert.equal(await asked({ ...question, from: outsider, timeoutMs: 300 }), 'timeout');
    }
    const counters = await network.node.call('counters');
    for (const name of ['198.51.100.1/tcp/80', '2001_db8_100__1/udp/80']) {
      assert.ok((counters[`denied/${name}`] ?? 0) >= 1, `${name} in ${JSON.stringify(counters)}`);
    }
    assert.doesNotMatch(network.node.run('nft list counters'), /services \{\s+packets [1-9]/u);
  });

  test('a single address as source range', async () => {
    const sourceRanges = ['203.0.113.10/32', '2001:db8:3::10/128'];
    await network.node.call('apply', examplePlan([{ ...web, sourceRanges }]));
    for (const { address, client, outsider, protocol } of cases) {
      const question = { protocol, address, port: 80 };
      assert.equal(await asked(question), `pod-1 saw ${client}`);
      assert.equal(await asked({ ...question, from: outsider, timeoutMs: 300 }), 'timeout');
    }
  });

  test('nothing lands that comes in by another interface, such as a pod’s', async () => {
    network.node.run(`nft '${kubeProxyRules('Cluster')}'`);
    await network.node.call('apply', examplePlan([web]));
    // A pod that reaches itself: kube-proxy masquerades, we would not, and the pod would answer itself.
    const question = { protocol: 'tcp', address: '198.51.100.1', port: 80 } as const;
    const [pod1] = network.pods;
    const hairpin = await pod1.call('ask', question);
    assert.deepEqual('pod' in hairpin && hairpin.pod, 'pod-1');
    assert.equal((await network.node.call('counters'))['landed'], 0);
    await network.node.call('apply', examplePlan([web], ['eth0', 'pods']));
    const silence = await pod1.call('ask', { ...question, timeoutMs: 300 });
    assert.deepEqual(silence, { error: 'timeout' });
    assert.ok(((await network.node.call('counters'))['landed'] ?? 0) > 0);
  });

  test('an uplink in a bridge, with iptables called for bridged packets', async () => {
    network.node.run(`ip link add br0 type bridge
      ip address flush dev eth0
      ip link set eth0 master br0
      ip link set br0 up
      ip address add 192.0.2.11/24 dev br0
      ip address add 2001:db8:2::11/64 dev br0 nodad
      ip route replace default via 192.0.2.1
      ip -6 route replace default via 2001:db8:2::1
      for each in ip ip6; do
        if [ -e /proc/sys/net/bridge/bridge-nf-call-\${each}tables ]; then
          echo 1 > /proc/sys/net/bridge/bridge-nf-call-\${each}tables
        fi
      done`);
    // What comes in by the port comes to the stack by the bridge.
    await network.node.call('apply', examplePlan([web], ['eth0']));
    const question = {
      protocol: 'tcp',
      address: '198.51.100.1',
      port: 80,
      timeoutMs: 300,
    } as const;
    assert.ok('error' in (await ask(question)));
    await network.node.call('apply', examplePlan([web], ['eth0', 'br0']));
    for (const { address, client, protocol } of cases) {
      assert.equal(await asked({ protocol, address, port: 80 }), `pod-1 saw ${client}`);
    }
  });
});
