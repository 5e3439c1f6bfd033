import { lookAround, waitFor, type Lab, type Node } from '@fairlead/lab';
import { fairleadKinds, KubernetesCluster } from '@fairlead/lab/kubernetes';
import { askPods, CONNECTIONS, sightLine, undisguised } from './ask-pods.ts';
import type { Form } from './form.ts';
import { claim, type Story } from './story.ts';

/** Of Services that somebody gave an address by hand: Fairlead leaves them alone. */
const BY_HAND = 'example.com/by-hand';

/** The real control plane and kube-proxy, first without Fairlead's controller and agents, then with them. */
export async function startKubernetes(story: Story, lab: Lab): Promise<Form> {
  const cluster = await KubernetesCluster.create(lab);
  await cluster.kubeProxies.start('nftables');
  story.say(
    'A lab of network namespaces: three nodes a, b, c and a client on one LAN, a control plane',
    'etcd, kube-apiserver, kube-controller-manager; kube-proxy (nftables) on each node.',
    'Pods run on b and c. Reverse path filters are strict.',
  );
  await cluster.service({ name: 'web' });
  story.say('A Service of type LoadBalancer, and nobody who gives it an address');
  await showKubectl(story, cluster, 'get', 'service', 'web');
  await showKubeProxyAlone(story, cluster);
  for (const name of ['controller-1', 'controller-2']) await cluster.controllers.start(name);
  await cluster.startAgents();
  story.say(
    'Fairlead: two controllers, of which one leads, and an agent on each node',
    'The controller gives addresses. Who answers for them the nodes agree on by heartbeats.',
  );
  await cluster.allocated('web');
  await cluster.joined();
  await waitFor(
    async () => {
      const { items } = await cluster.api.listPage(fairleadKinds.nodeReports);
      const active = items.filter(({ status }) => status?.['class'] === 'Active');
      return active.length === cluster.nodes.length;
    },
    { what: 'a report of each node that takes part', deadlineMs: 30_000, everyMs: 100 },
  );
  await showKubectl(story, cluster, 'get', 'service', 'web');
  await showKubectl(story, cluster, 'get', 'addresspools,nodereports');
  return {
    cluster,
    look: () => [`${cluster.kubectlCommand()} get all`, ...lookAround(lab).look],
  };
}

async function showKubectl(story: Story, cluster: KubernetesCluster, ...args: readonly string[]) {
  const { stdout } = await cluster.kubectl(args);
  story.tell(`$ kubectl ${args.join(' ')}`);
  story.show(stdout);
}

/** Addresses in the status, written by hand, and a route to one node in place of an announcement. */
async function showKubeProxyAlone(story: Story, cluster: KubernetesCluster): Promise<void> {
  story.say(
    'kube-proxy alone: who do the pods see?',
    'Addresses are written by hand, the client has a route to one of the nodes. Each line:',
    `${CONNECTIONS} connections each by TCP and UDP over IPv4 and IPv6, from 192.0.2.50 and 2001:db8::50.`,
  );
  for (const [index, policy] of (['Cluster', 'Local'] as const).entries()) {
    const name = `by-hand-${policy}`.toLowerCase();
    const addresses = [`198.51.100.${index + 1}`, `2001:db8:100::${index + 1}`];
    await cluster.service({ name, policy, spec: { loadBalancerClass: BY_HAND } });
    await cluster.publish(name, addresses);
    for (const node of cluster.nodes.slice(0, 2)) {
      await enterBy(cluster, node, addresses);
      const attempts = await askPods(cluster.client, addresses);
      story.tell(sightLine(policy, node, attempts));
      const kept = policy === 'Local' && node.pods.length > 0 ? attempts.length : 0;
      claim(
        undisguised(attempts).length === kept,
        `kube-proxy alone shows ${kept} of ${attempts.length} clients (${policy}, ${node.name})`,
      );
    }
    await cluster.removeService(name);
  }
}

/** Sends the client's packets to a node whose kube-proxy knows the addresses. */
async function enterBy(
  cluster: KubernetesCluster,
  node: Node,
  addresses: readonly string[],
): Promise<void> {
  for (const address of addresses) {
    const family = address.includes(':') ? 6 : 4;
    const via = String(node.addressOf(family));
    await cluster.client.exec(['ip', 'route', 'replace', address, 'via', via]);
    const map = ['map', family === 4 ? 'ip' : 'ip6', 'kube-proxy', 'service-ips'];
    await waitFor(
      async () => {
        const { stdout } = await node.exec(['nft', 'list', ...map], { mayFail: true });
        return stdout.includes(`${address} .`);
      },
      { what: `kube-proxy of ${node.name} to know ${address}`, deadlineMs: 15_000, everyMs: 50 },
    );
  }
}
