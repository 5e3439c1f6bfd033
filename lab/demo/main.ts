// Shows in under a minute what Fairlead does: npm run demo [-- --keep]
import { parseArgs } from 'node:util';
import {
  durationMs,
  Lab,
  lookAround,
  longestGap,
  monotonicMs,
  StandaloneCluster,
  startConnector,
  waitFor,
  type Attempt,
  type Node,
} from '@fairlead/lab';

const { values: flags } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
if (flags.help) {
  console.log(
    'usage: npm run demo [-- --keep]\n  --keep  leave it running and say how to look around',
  );
  process.exit(0);
}

const PORT = 80;
const CONNECTIONS = 20;

let step = 0;
function say(title: string, ...lines: readonly string[]): void {
  step += 1;
  console.log(`\n${step}. ${title}`);
  for (const line of lines) console.log(`   ${line}`);
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gmu, '   ');
}

/** Connects by TCP and UDP over both families and tells whom the pods saw. */
async function ask(cluster: StandaloneCluster, addresses: readonly string[]): Promise<Attempt[]> {
  await using connector = await startConnector(cluster.client, {
    addresses,
    port: PORT,
    protocols: ['tcp', 'udp'],
    everyMs: 5,
    count: CONNECTIONS,
  });
  await connector.process.exited;
  return [...(await connector.stop())];
}

function whoPodsSaw(attempts: readonly Attempt[]): string {
  const seen = new Map<string, number>();
  for (const { answer, error } of attempts) {
    const who = answer === undefined ? `no answer (${error})` : answer.client;
    seen.set(who, (seen.get(who) ?? 0) + 1);
  }
  return Array.from(seen, ([who, count]) => `${who} × ${count}`).join(', ');
}

async function showClientAddresses(cluster: StandaloneCluster, nodes: readonly Node[]) {
  say(
    'Who do the pods see?',
    `Each line: ${CONNECTIONS} connections each by TCP and UDP over IPv4 and IPv6, from the client`,
    '192.0.2.50 and 2001:db8::50. Elsewhere this needs externalTrafficPolicy: Local and luck.',
  );
  for (const policy of ['Cluster', 'Local'] as const) {
    for (const node of nodes) {
      const name = `web-${policy}-${node.name}`.toLowerCase();
      cluster.service({ name, policy, preferredNode: node.name });
      await waitFor(async () => (await cluster.addressesOf(name)).length === 2, {
        what: `addresses for ${name}`,
      });
      const addresses = await cluster.addressesOf(name);
      for (const address of addresses) await cluster.owner(address, [node]);
      const saw = whoPodsSaw(await ask(cluster, addresses));
      const where = `${node.name}, which has ${node.pods.length > 0 ? 'a' : 'no'} pod`;
      console.log(
        `   policy ${policy.padEnd(7)}  entering at ${where.padEnd(20)}  pods saw ${saw}`,
      );
    }
  }
}

async function showFailover(cluster: StandaloneCluster, service: string): Promise<void> {
  const addresses = await cluster.addressesOf(service);
  const [address] = addresses;
  if (address === undefined) throw new Error(`${service} has no address`);
  const owner = await cluster.owner(address);
  const others = cluster.nodes.filter((node) => node !== owner);
  say(
    `Pulling the network cable of ${owner.name}, which answers for ${address}`,
    'The client opens a new TCP connection every 5 ms, with a warm neighbour cache.',
  );
  await using connector = await startConnector(cluster.client, {
    addresses: [address],
    port: PORT,
    everyMs: 5,
    patienceMs: 1000,
  });
  await connector.next(({ answer }) => answer !== undefined);
  const cutMs = monotonicMs();
  const cut = await owner.nic.cut();
  const next = await cluster.owner(address, others);
  await connector.next(({ startedMs, answer }) => answer !== undefined && startedMs > cutMs + 500);
  const gap = longestGap(connector.records);
  console.log(`   ${next.name} answers now. Outage as the client saw it: ${gap?.ms.toFixed(0)} ms`);

  say(`Plugging the cable of ${owner.name} in again`);
  const healedMs = monotonicMs();
  await cut.heal();
  await waitFor(
    async () => (await cluster.status(owner)).nodes.filter(({ live }) => live).length === 3,
    { what: `${owner.name} to hear the others again` },
  );
  await connector.next(
    ({ startedMs, answer }) => answer !== undefined && startedMs > healedMs + 500,
  );
  const attempts = await connector.stop();
  const after = attempts.filter(({ startedMs }) => startedMs >= healedMs);
  const lost = after.filter(({ answer }) => answer === undefined).length;
  const span = durationMs({ fromMs: healedMs, toMs: monotonicMs() });
  console.log(
    `   ${owner.name} is back. Connections lost since: ${lost} of ${after.length} in ${(span / 1000).toFixed(1)} s`,
  );
}

const startedMs = monotonicMs();
console.log('Fairlead demo: a load balancer for Kubernetes on your own hardware');
await using lab = await Lab.create({ name: 'demo', keep: flags.keep });
const cluster = await StandaloneCluster.create(lab);
const [a, b] = cluster.nodes;
if (a === undefined || b === undefined) throw new Error('the demo needs two nodes');
say(
  'A lab of network namespaces: three nodes a, b, c and a client on one LAN',
  'Pods run on b and c. Reverse path filters are strict, there is no kube-proxy.',
);

cluster.service({ name: 'web' });
await cluster.startAgents();
say(
  'An agent on each node reads the same file: an AddressPool, a Service, its EndpointSlices',
  'Nobody is elected by an API server: the nodes agree by heartbeats.',
);
await waitFor(async () => (await cluster.addressesOf('web')).length === 2, {
  what: 'the agents to allocate addresses',
  deadlineMs: 20_000,
});
for (const address of await cluster.addressesOf('web')) await cluster.owner(address);
await waitFor(
  async () => {
    const { segments, nodes } = await cluster.status(a);
    return segments.length > 0 && nodes.every(({ live }) => live);
  },
  { what: 'the nodes to hear each other' },
);

say('What the agent of a says: fairlead status');
console.log(indent(await cluster.fairlead(a, 'status')));

await showClientAddresses(cluster, [a, b]);
await showFailover(cluster, 'web');

if (flags.keep) {
  const { look, remove } = lookAround(lab);
  const state = cluster.stateDirectory(a);
  say(
    'It is left running. Look around with:',
    `bin/fairlead status --state-dir ${state}`,
    ...look,
    `and edit ${cluster.file}`,
    'Remove it with:',
    remove,
  );
} else {
  say('Everything is removed again. To look around: npm run demo -- --keep');
}
console.log(`\nDone in ${((monotonicMs() - startedMs) / 1000).toFixed(1)} s.`);
