import type { KubernetesCluster } from '@fairlead/lab/kubernetes';

/** What is written, by the plural of its kind in the path. */
const KINDS = ['services', 'addresspools', 'nodereports', 'events', 'leases'] as const;

type WriteKind = (typeof KINDS)[number] | 'other';

/** How often each kind was written. */
export type Writes = Readonly<Record<WriteKind, number>>;

/** What agents and the controller have written since this was last asked: every request but GET. */
export async function takeWrites(cluster: KubernetesCluster, controller: string): Promise<Writes> {
  const proxies = [
    cluster.controllers.apiOf(controller),
    ...cluster.nodes.map((node) => cluster.apiOf(node)),
  ];
  const requests = (await Promise.all(proxies.map((proxy) => proxy.requests()))).flat();
  const writes = requests.filter(({ method }) => method !== 'GET');
  const counts = { services: 0, addresspools: 0, nodereports: 0, events: 0, leases: 0, other: 0 };
  for (const { path } of writes) {
    const parts = new Set(path.split(/[/?]/u));
    counts[KINDS.find((kind) => parts.has(kind)) ?? 'other'] += 1;
  }
  return counts;
}
