/** A node with two network cards in the LAN: its agent takes part by one of them, and says so. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { IpAddress } from '@fairlead/ip';
import {
  addObserver,
  Lab,
  StandaloneCluster,
  waitFor,
  witnessedPorts,
  Witness,
  type Host,
} from '@fairlead/lab';

const addresses = ['192.0.2.100', '2001:db8::1:64'] as IpAddress[];

let lab: Lab;
let cluster: StandaloneCluster;
let observer: Host;

before(async () => {
  lab = await Lab.create({ name: 'two-nics' });
  const lan = await lab.switch('lan');
  const second = { switch: lan, addresses: ['192.0.2.71/24', '2001:db8::71/64'] };
  cluster = await StandaloneCluster.create(lab, {
    nodes: ['a', 'b'],
    podsOn: ['b'],
    lan,
    more: (number) => ({ nics: number === 1 ? [second] : [] }),
  });
  observer = await addObserver(lab, lan);
  const [a, b] = cluster.nodes;
  const [, eth1] = a?.nics ?? [];
  assert.ok(a !== undefined && b !== undefined && eth1 !== undefined);
  // A kernel answers for its addresses at any of its cards, unless it filters by the reverse path.
  for (const name of ['all', 'eth0', 'eth1']) {
    await a.exec(['sysctl', '-qw', `net.ipv4.conf.${name}.rp_filter=0`]);
  }
  // So to b it may look as if the address were at the other card, and heartbeats go there.
  const entry = ['192.0.2.11', 'lladdr', eth1.mac, 'dev', 'eth0', 'nud', 'permanent'];
  await b.exec(['ip', 'neigh', 'replace', ...entry]);
  await lab.filter({ protocol: 'udp', port: 7476, family: 6 });
  cluster.service({ name: 'web', ports: witnessedPorts, preferredNode: 'b', addresses });
  await cluster.startAgents();
});

after(() => lab[Symbol.asyncDispose]());

for (const owner of ['b', 'a']) {
  test(`${owner} owns the addresses: nothing moves while nothing happens`, async (t) => {
    cluster.service({ name: 'web', ports: witnessedPorts, preferredNode: owner, addresses });
    const node = cluster.nodes.find(({ name }) => name === owner);
    assert.ok(node !== undefined);
    await cluster.settled('web', node);
    await using witness = await Witness.begin({ lab, observer, client: cluster.client, addresses });
    await witness.asks(1000);
    const evidence = await witness.end();
    t.diagnostic(evidence.figures());
    assert.deepEqual(
      evidence.owners(),
      Object.fromEntries(addresses.map((address) => [address, [owner]])),
    );
    assert.deepEqual(evidence.lost(), {});
    assert.deepEqual(evidence.errors(), {});
  });
}

test('the agent tells of the card that it does not use, as long as there is one', async () => {
  const [a] = cluster.nodes;
  assert.ok(a !== undefined);
  const told = async () => {
    const { problems } = await cluster.status(a);
    return problems.map(({ object, field, value }) => `${object} ${field} ${value}`);
  };
  assert.deepEqual(await told(), ['Node/a interfaces eth1']);
  await a.exec(['ip', 'link', 'set', 'dev', 'eth1', 'down']);
  await waitFor(async () => (await told()).length === 0, { what: 'nothing to be told' });
  await cluster.settled('web', a);
});
