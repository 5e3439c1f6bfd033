import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lab, startConnector, startPodServer, waitFor, type Host } from './index.ts';

interface IpLink {
  readonly ifname: string;
  readonly address: string;
  readonly flags: readonly string[];
  readonly master?: string;
}

async function link(host: Host, name: string): Promise<IpLink> {
  const { stdout } = await host.exec(['ip', '-json', 'link', 'show', 'dev', name]);
  const [found] = JSON.parse(stdout) as IpLink[];
  assert.ok(found);
  return found;
}

/** Everyone asked answers, by TCP and UDP; returns whom the pods saw. */
async function ask(from: Host, ...addresses: readonly string[]): Promise<Set<string>> {
  const protocols = ['tcp', 'udp'] as const;
  await using asking = await startConnector(from, {
    addresses,
    port: 8080,
    protocols,
    count: 1,
    patienceMs: 2_000,
  });
  await asking.process.exited;
  const attempts = await asking.stop();
  assert.equal(attempts.length, 2 * addresses.length);
  const failed = attempts.filter(({ answer }) => answer === undefined);
  assert.deepEqual(failed, []);
  return new Set(attempts.map(({ answer }) => answer?.client ?? ''));
}

async function setting(host: Host, path: string): Promise<string> {
  return (await host.exec(['cat', `/proc/sys/net/${path}`])).stdout.trim();
}

async function nodesAndPods(lab: Lab, bridged: boolean) {
  const lan = await lab.switch('lan');
  const node = (number: number) =>
    lab.node(`n${number}`, {
      nics: [
        {
          switch: lan,
          addresses: [`192.0.2.1${number}/24`, `2001:db8::1${number}/64`],
          bridged: bridged && number === 1,
        },
      ],
      podPrefixes: [`10.244.${number}.0/24`, `fd00:10:244:${number}::/64`],
    });
  const pod = async (number: number) => {
    const owner = await node(number);
    const addresses = [`10.244.${number}.5`, `fd00:10:244:${number}::5`];
    const made = await owner.pod(`web${number}`, { addresses });
    await startPodServer(made, { ports: [8080] });
    return { node: owner, pod: made };
  };
  const [one, two] = await Promise.all([pod(1), pod(2)]);
  const client = await lab.client('client', {
    nics: [{ switch: lan, addresses: ['192.0.2.100/24', '2001:db8::100/64'] }],
    gateways: ['192.0.2.11', '2001:db8::11'],
  });
  return { lan, one, two, client };
}

for (const [uplink, bridged] of [
  ['a card', false],
  ['a bridged uplink', true],
] as const) {
  test(`through ${uplink}: clients reach pods, pods reach pods of other nodes, IPv4 and IPv6`, async () => {
    await using lab = await Lab.create();
    const { one, two, client } = await nodesAndPods(lab, bridged);
    await lab.settled();
    // The gateway is node 1: what is for node 2's pod goes by both.
    const pods = [...one.pod.addresses, ...two.pod.addresses];
    assert.deepEqual(await ask(client, ...pods), new Set(['192.0.2.100', '2001:db8::100']));
    assert.deepEqual(await ask(two.pod, ...one.pod.addresses), new Set(two.pod.addresses));
    // A node's own address is what its pods see of it.
    assert.deepEqual(
      await ask(two.node, ...two.pod.addresses),
      new Set(['192.0.2.12', '2001:db8::12']),
    );
  });
}

test('a bridged uplink: the bridge has addresses and MAC, the card is its port', async () => {
  await using lab = await Lab.create();
  const { node } = (await nodesAndPods(lab, true)).one;
  const [card, bridge] = [await link(node, 'eth0'), await link(node, 'br0')];
  assert.equal(card.master, 'br0');
  assert.equal(bridge.address, card.address);
  assert.deepEqual([node.nic.interfaceName, node.nic.device], ['eth0', 'br0']);
  assert.equal(node.nic.mac, card.address);
  assert.equal(lab.hostWithMac(node.nic.mac), node);
  const { stdout } = await node.exec(['ip', '-brief', 'address']);
  assert.match(stdout, /^br0 .* 192\.0\.2\.11\/24 2001:db8::11\/64 fe80::/m);
  assert.match(stdout, /^eth0@\w+ +UP *$/m);
  assert.ok(stdout.includes(node.nic.linkLocal));
});

test('kernels are set as the lab says, whatever the machine has', async () => {
  await using lab = await Lab.create();
  const { lan, one, client } = await nodesAndPods(lab, false);
  const { node, pod } = one;
  assert.equal(await setting(node, 'ipv4/ip_forward'), '1');
  assert.equal(await setting(node, 'ipv4/conf/eth0/rp_filter'), '1');
  assert.equal(await setting(node, 'ipv4/conf/pod-web1/rp_filter'), '1');
  assert.equal(await setting(node, 'ipv6/conf/all/forwarding'), '1');
  assert.equal(await setting(client, 'ipv4/ip_forward'), '0');
  assert.equal(await setting(pod, 'ipv4/conf/all/rp_filter'), '0');
  for (const call of ['iptables', 'ip6tables', 'arptables']) {
    const path = `/proc/sys/net/bridge/bridge-nf-call-${call}`;
    assert.equal((await lan.namespace.run(['cat', path])).stdout.trim(), '0');
  }
  for (const [host, device] of [
    [node, 'eth0'],
    [node, 'pod-web1'],
    [pod, 'eth0'],
    [client, 'eth0'],
  ] as const) {
    const { stdout } = await host.exec(['ethtool', '--show-offload', device]);
    assert.match(stdout, /^tx-checksumming: off$/m);
  }
  // No address waits for duplicate address detection.
  assert.equal((await node.exec(['ip', '-6', 'address', 'show', 'tentative'])).stdout, '');
});

test('a node with two cards is on two switches; a router forwards between them', async () => {
  await using lab = await Lab.create();
  const [lan, wan] = [await lab.switch('lan'), await lab.switch('wan')];
  const node = await lab.node('n1', {
    nics: [
      { switch: lan, addresses: ['192.0.2.11/24', '2001:db8::11/64'] },
      { switch: wan, addresses: ['198.51.100.11/24'], name: 'uplink' },
    ],
    routes: [{ to: '203.0.113.0/24', via: '192.0.2.1' }],
    gateways: ['2001:db8::1'],
  });
  const far = await lab.switch('far', { snooping: false });
  await lab.router('r1', {
    nics: [
      { switch: lan, addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
      { switch: far, addresses: ['203.0.113.1/24', '2001:db8:1::1/64'] },
    ],
  });
  const client = await lab.client('client', {
    nics: [{ switch: far, addresses: ['203.0.113.100/24', '2001:db8:1::100/64'] }],
    gateways: ['203.0.113.1', '2001:db8:1::1'],
  });
  const neighbour = await lab.foreign('neighbour', {
    nics: [{ switch: wan, addresses: ['198.51.100.100/24'] }],
  });
  await startPodServer(node, { ports: [8080] });
  await lab.settled();
  const seen = await ask(client, '192.0.2.11', '2001:db8::11');
  assert.deepEqual(seen, new Set(['203.0.113.100', '2001:db8:1::100']));
  assert.deepEqual(await ask(neighbour, '198.51.100.11'), new Set(['198.51.100.100']));
  assert.deepEqual(
    node.nics.map(({ interfaceName }) => interfaceName),
    ['eth0', 'uplink'],
  );
});

/** Counts, on a host, what comes in for each of some IPv6 groups. */
async function countGroups(host: Host, ...groups: readonly string[]): Promise<void> {
  const rules = groups.map((group) => `ip6 daddr ${group} counter`);
  await host.exec(['nft', '-f', '-'], {
    input: `table netdev seen { chain in {
      type filter hook ingress device "eth0" priority 0;
      ${rules.join('\n')}
    }; }`,
  });
}

async function heard(host: Host, group: string): Promise<number> {
  const { stdout } = await host.exec(['nft', 'list', 'table', 'netdev', 'seen']);
  const line = stdout.split('\n').find((text) => text.includes(group));
  return Number(/packets (\d+)/.exec(line ?? '')?.[1]);
}

/** Sends something to an address, for which the kernel has to ask who has it. */
async function solicit(from: Host, address: string): Promise<void> {
  await from.exec(['bash', '-c', `echo > /dev/udp/${address}/9`], { mayFail: true });
}

test('a solicitation reaches the ports that joined its group, and no others', async () => {
  await using lab = await Lab.create();
  const lan = await lab.switch('lan');
  const nics = (last: number) => [{ switch: lan, addresses: [`2001:db8::${last}/64`] }];
  const [asking, asked, other] = [
    await lab.foreign('asking', { nics: nics(10) }),
    await lab.foreign('asked', { nics: nics(20) }),
    await lab.foreign('other', { nics: nics(30) }),
  ];
  await lab.settled();
  const [joined, unknown] = ['ff02::1:ff00:20', 'ff02::1:ff00:99'];
  await countGroups(asked, joined, unknown);
  await countGroups(other, joined, unknown);
  await solicit(asking, '2001:db8::20');
  await waitFor(async () => (await heard(asked, joined)) > 0, { what: 'the question' });
  assert.equal(await heard(other, joined), 0);
  // Of an address whose group nobody has joined nobody hears: the switch knows all members.
  await solicit(asking, '2001:db8::99');
  const gaveUp = async (): Promise<boolean> =>
    (await asking.exec(['ip', 'neighbor', 'show', '2001:db8::99'])).stdout.includes('FAILED');
  await waitFor(gaveUp, { what: 'the kernel to give up' });
  assert.deepEqual([await heard(asked, unknown), await heard(other, unknown)], [0, 0]);
});

test('without snooping a solicitation reaches all ports', async () => {
  await using lab = await Lab.create();
  const lan = await lab.switch('lan', { snooping: false });
  const nics = (last: number) => [{ switch: lan, addresses: [`2001:db8::${last}/64`] }];
  const asking = await lab.foreign('asking', { nics: nics(10) });
  const other = await lab.foreign('other', { nics: nics(30) });
  await countGroups(other, 'ff02::1:ff00:99');
  await solicit(asking, '2001:db8::99');
  const reached = async (): Promise<boolean> => (await heard(other, 'ff02::1:ff00:99')) > 0;
  await waitFor(reached, { what: 'the question' });
});

test('names and addresses that cannot be are refused with their value', async () => {
  await using lab = await Lab.create();
  const lan = await lab.switch('lan');
  await assert.rejects(lab.switch('lan'), /has a "lan" already/);
  await assert.rejects(lab.switch('No'), /not "No"/);
  const nics = [{ switch: lan, addresses: ['192.0.2.11'] }];
  await assert.rejects(lab.foreign('h1', { nics }), /prefix length.*not "192\.0\.2\.11"/);
  const host = await lab.foreign('h2', { nics: [] });
  assert.throws(() => host.nic, /h2 has no network card/);
  await assert.rejects(host.exec(['false']), { name: 'CommandError', message: /exit code 1/ });
  await assert.rejects(host.exec(['sleep', '9'], { timeoutMs: 50 }), /exit code 137/);
});
