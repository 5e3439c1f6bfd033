import {
  durationMs,
  longestGap,
  lostAttempts,
  monotonicMs,
  startConnector,
  waitFor,
  type AgentCluster,
} from '@fairlead/lab';
import { PORT } from './ask-pods.ts';
import { claim, type Story } from './story.ts';

/** Cuts the owner's link under traffic, and mends it. */
export async function showFailover(
  story: Story,
  cluster: AgentCluster,
  service: string,
): Promise<void> {
  const [address] = await cluster.allocated(service);
  if (address === undefined) throw new Error(`${service} has no address`);
  const owner = await cluster.owner(address);
  const others = cluster.nodes.filter((node) => node !== owner);
  story.say(
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
  story.tell(`${next.name} answers now. Outage as the client saw it: ${gap?.ms.toFixed(0)} ms`);

  story.say(`Plugging the cable of ${owner.name} in again`);
  const healedMs = monotonicMs();
  await cut.heal();
  await waitFor(
    async () => {
      const { nodes } = await cluster.status(owner);
      return nodes.filter(({ live }) => live).length === cluster.nodes.length;
    },
    { what: `${owner.name} to hear the others again`, deadlineMs: 15_000 },
  );
  await connector.next(
    ({ startedMs, answer }) => answer !== undefined && startedMs > healedMs + 500,
  );
  const attempts = await connector.stop();
  const after = attempts.filter(({ startedMs }) => startedMs >= healedMs);
  const lost = lostAttempts(after).length;
  const seconds = durationMs({ fromMs: healedMs, toMs: monotonicMs() }) / 1000;
  story.tell(
    `${owner.name} is back. Connections lost since: ${lost} of ${after.length} in ${seconds.toFixed(1)} s`,
  );
  claim(lost === 0, 'no connection is lost when a node comes back');
}
