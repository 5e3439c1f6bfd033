import { Lab, waitFor, type Host } from '@fairlead/lab';
import { KubernetesCluster } from '@fairlead/lab/kubernetes';
import { familyOf, parseAddress } from '@fairlead/ip';
import { LARGE_POOL } from './large-pool.ts';
import { makeServices } from './make-services.ts';
import { sampleSizes, type Sizes } from './resident-size.ts';

export interface KubernetesSizes {
  readonly agents: Sizes;
  readonly controller: Sizes;
  /** From the answer to the last Service created until its status had addresses. */
  readonly publishedMs: number;
  /** From then too, until all Services were served by all agents. */
  readonly servedMs: number;
}

const families = [4, 6] as const;

export async function measureKubernetes(services: number): Promise<KubernetesSizes> {
  await using lab = await Lab.create({ name: 'memory' });
  const cluster = await KubernetesCluster.create(lab, { direct: true });
  await cluster.pool('lan', LARGE_POOL);
  const controller = await cluster.controllers.start('controller');
  await cluster.controllers.leader();
  await cluster.startAgents();
  await cluster.joined();
  const last = await makeServices(cluster, services);
  const createdMs = performance.now();
  const addresses = await waitFor(
    async () => {
      const { status } = await cluster.serviceObject(last);
      const found = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip = '' }) => ip);
      return found.length === 2 && found;
    },
    { what: `addresses of ${last}`, everyMs: 100, deadlineMs: 600_000 },
  );
  const publishedMs = performance.now() - createdMs;
  await Promise.all(cluster.nodes.map((node) => served(node, addresses, services)));
  const servedMs = performance.now() - createdMs;
  const sizes = await sampleSizes({
    agents: cluster.nodes.map((node) => cluster.agent(node).pid),
    controller: [controller.pid],
  });
  return { ...sizes, publishedMs, servedMs };
}

/** The kernel is asked, as a question to the agent would cost it memory. */
async function served(node: Host, addresses: readonly string[], services: number): Promise<void> {
  const what = `the agent of ${node.name} to serve`;
  const deadlineMs = 600_000;
  for (const text of addresses) {
    const address = parseAddress(text);
    if (address === undefined) throw new Error(`the status names ${text}, which is no address`);
    const element = `inet fairlead addresses${familyOf(address)} { ${address} }`;
    await waitFor(
      async () => {
        const argv = ['nft', 'get', 'element', element] as const;
        return (await node.exec(argv, { mayFail: true })).code === 0;
      },
      { what, everyMs: 200, deadlineMs },
    );
  }
  for (const family of families) {
    await waitFor(async () => (await countOf(node, family)) === services, {
      what,
      everyMs: 1000,
      deadlineMs,
    });
  }
}

async function countOf(node: Host, family: 4 | 6): Promise<number> {
  const set = `addresses${family}`;
  const { stdout } = await node.exec(['nft', '-j', 'list', 'set', 'inet', 'fairlead', set]);
  const listing = JSON.parse(stdout) as {
    readonly nftables: readonly { readonly set?: { readonly elem?: readonly unknown[] } }[];
  };
  return listing.nftables.flatMap((each) => each.set?.elem ?? []).length;
}
