import type { AgentCluster, Node } from '@fairlead/lab';
import { askPods, CONNECTIONS, sightLine, undisguised } from './ask-pods.ts';
import { claim, type Story } from './story.ts';

/** The heart of it: whichever node a packet enters by, the pod sees who sent it. */
export async function showClientAddresses(
  story: Story,
  cluster: AgentCluster,
  nodes: readonly Node[],
): Promise<void> {
  story.say(
    'Who do the pods see?',
    `Each line: ${CONNECTIONS} connections each by TCP and UDP over IPv4 and IPv6, from the client`,
    '192.0.2.50 and 2001:db8::50. Elsewhere this needs externalTrafficPolicy: Local and luck.',
  );
  for (const policy of ['Cluster', 'Local'] as const) {
    for (const node of nodes) {
      const name = `web-${policy}-${node.name}`.toLowerCase();
      await cluster.service({ name, policy, preferredNode: node.name });
      const addresses = await cluster.allocated(name);
      for (const address of addresses) await cluster.owner(address, [node]);
      const attempts = await askPods(cluster.client, addresses);
      story.tell(sightLine(policy, node, attempts));
      claim(undisguised(attempts).length === attempts.length, `the pods saw the client (${name})`);
    }
  }
}
