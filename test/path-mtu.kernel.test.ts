/**
 * A narrow link on the way to a client: a router tells the address, which one node answers for, what the node that
 * has the connection must know.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Lab, StandaloneCluster, waitFor, type Host } from '@fairlead/lab';

const BYTES = 200_000;
const NARROW = 1300;
const PORT = 8081;

const download = `require('node:http')
  .createServer((_, response) => response.end(Buffer.alloc(${BYTES})))
  .listen(${PORT}, '::', () => console.log('listening'))`;

const paths = [
  { family: 'IPv4', client: '198.51.100.50', router: '198.51.100.1', nextHop: '192.0.2.1' },
  { family: 'IPv6', client: '2001:db8:f::50', router: '2001:db8:f::1', nextHop: '2001:db8::1' },
] as const;

let lab: Lab;
let cluster: StandaloneCluster;
let client: Host;

before(async () => {
  lab = await Lab.create({ name: 'mtu' });
  cluster = await StandaloneCluster.create(lab, { nodes: ['a', 'b'], podsOn: ['b'] });
  const far = await lab.switch('far');
  const router = await lab.router('router', {
    nics: [
      { switch: cluster.lan, addresses: ['192.0.2.1/24', '2001:db8::1/64'] },
      { switch: far, addresses: ['198.51.100.1/24', '2001:db8:f::1/64'] },
    ],
  });
  // Of the router's end alone: a client that knew would not ask for longer segments.
  await router.exec(['ip', 'link', 'set', 'eth1', 'mtu', String(NARROW)]);
  client = await lab.client('far-client', {
    nics: [{ switch: far, addresses: ['198.51.100.50/24', '2001:db8:f::50/64'] }],
    gateways: paths.map((path) => path.router),
  });
  for (const node of cluster.nodes) {
    for (const { client, nextHop } of paths) {
      await node.exec(['ip', 'route', 'add', client, 'via', nextHop]);
    }
  }
  await lab.settled();
  const ports = [{ protocol: 'TCP', port: 80, targetPort: PORT }] as const;
  cluster.service({ name: 'web', preferredNode: 'a', ports });
  const [pod] = cluster.pods;
  const server = await pod!.spawn([process.execPath, '-e', download], { name: 'download' });
  await server.stdout.match(/listening/u, 10_000);
  await cluster.startAgents();
  await cluster.settled('web', cluster.nodes[0]!);
  for (const address of await cluster.addressesOf('web')) {
    await waitFor(() => fetchedBy(cluster.client, address).catch(() => false), {
      what: `${address} to be served`,
    });
  }
});

/** How many bytes a client gets. */
async function fetchedBy(host: Host, address: string): Promise<number> {
  const url = address.includes(':') ? `http://[${address}]/` : `http://${address}/`;
  const write = ['-o', '/dev/null', '-w', '%{size_download}'];
  const { stdout } = await host.exec(['curl', '-sS', '--max-time', '8', ...write, url]);
  return Number(stdout);
}

after(() => lab[Symbol.asyncDispose]());

for (const { family, client: at } of paths) {
  test(`a download passes it by ${family}, answered by one node and served by another`, async () => {
    const addresses = await cluster.addressesOf('web');
    const address = addresses.find((each) => each.includes(':') === at.includes(':'));
    assert.ok(address !== undefined);
    assert.equal(await fetchedBy(client, address), BYTES);
    const route = await cluster.pods[0]!.exec(['ip', 'route', 'get', at]);
    assert.match(route.stdout, new RegExp(`mtu ${NARROW}`), 'the pod was told');
  });
}
