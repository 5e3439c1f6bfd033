import { Lab, waitFor, type Host } from '@fairlead/lab';
import { KubernetesCluster } from '@fairlead/lab/kubernetes';
import { familyOf, parseAddress } from '@fairlead/ip';
import { resources } from '@fairlead/kube';
import type { ServiceStatus } from 'kubernetes-types/core/v1.d.ts';
import { LARGE_POOL } from './large-pool.ts';
import { makeServices } from './make-services.ts';
import { sampleSizes, type Sizes } from './resident-size.ts';
import { servedAll } from './served-all.ts';

export interface KubernetesSizes {
  readonly agents: Sizes;
  readonly controller: Sizes;
  /** From the start of the controller until it had published addresses of all Services. */
  readonly publishedMs: number;
  /** From the start of the agents until all Services were served by all of them. */
  readonly servedMs: number;
  /** From the creation of one more until it had its addresses, and until all agents served it. */
  readonly oneMore: { readonly publishedMs: number; readonly servedMs: number };
}

const families = [4, 6] as const;
const deadlineMs = 900_000;

/** Fairlead is installed where there are many Services already: so it has to take in all of them at once. */
export async function measureKubernetes(services: number): Promise<KubernetesSizes> {
  await using lab = await Lab.create({ name: 'memory' });
  const cluster = await KubernetesCluster.create(lab, { direct: true });
  await cluster.pool('lan', LARGE_POOL);
  await makeServices(cluster, services - 1);
  const publishingMs = performance.now();
  const controller = await cluster.controllers.start('controller');
  await waitFor(async () => (await count(cluster, hasAddresses)) === services - 1, {
    what: 'addresses of all Services',
    everyMs: 2000,
    deadlineMs,
  });
  const servingMs = performance.now();
  await cluster.startAgents();
  await Promise.all(cluster.nodes.map((node) => servedAll(node, services - 1, deadlineMs)));
  const creatingMs = performance.now();
  const [last = ''] = await makeServices(cluster, 1, 'one-more');
  const addresses = await published(cluster, last);
  const oneMorePublishedMs = performance.now() - creatingMs;
  await Promise.all(cluster.nodes.map((node) => served(node, addresses)));
  const oneMoreServedMs = performance.now() - creatingMs;
  await waitFor(async () => (await count(cluster, awaitsAgents)) === 0, {
    what: 'the conditions of all Services to say who announces them',
    everyMs: 5000,
    deadlineMs,
  });
  const sizes = await sampleSizes({
    agents: cluster.nodes.map((node) => cluster.agent(node).pid),
    controller: [controller.pid],
  });
  return {
    ...sizes,
    publishedMs: servingMs - publishingMs,
    servedMs: creatingMs - servingMs,
    oneMore: { publishedMs: oneMorePublishedMs, servedMs: oneMoreServedMs },
  };
}

async function count(
  { api }: KubernetesCluster,
  fits: (status: ServiceStatus | undefined) => boolean,
): Promise<number> {
  let found = 0;
  for await (const { items } of api.list(resources.services)) {
    found += items.filter(({ status }) => fits(status)).length;
  }
  return found;
}

function hasAddresses(status: ServiceStatus | undefined): boolean {
  return addressesIn(status).length > 0;
}

function awaitsAgents(status: ServiceStatus | undefined): boolean {
  return status?.conditions?.some(({ reason }) => reason === 'NoAgents') === true;
}

function addressesIn(status: ServiceStatus | undefined): readonly string[] {
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip = '' }) => ip);
}

async function published(cluster: KubernetesCluster, name: string): Promise<readonly string[]> {
  return waitFor(
    async () => {
      const { status } = await cluster.serviceObject(name);
      const found = addressesIn(status);
      return found.length === families.length && found;
    },
    { what: `addresses of ${name}`, everyMs: 20, deadlineMs },
  );
}

/** The kernel is asked, as a question to the agent would cost it memory. */
async function served(node: Host, addresses: readonly string[]): Promise<void> {
  for (const text of addresses) {
    const address = parseAddress(text);
    if (address === undefined) throw new Error(`the status names ${text}, which is no address`);
    const element = `inet fairlead addresses${familyOf(address)} { ${address} }`;
    await waitFor(
      async () => {
        const argv = ['nft', 'get', 'element', element] as const;
        return (await node.exec(argv, { mayFail: true })).code === 0;
      },
      { what: `the agent of ${node.name} to serve ${address}`, everyMs: 20, deadlineMs },
    );
  }
}
