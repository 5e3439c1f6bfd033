// Follows all Services and says how much memory that took. Arguments: kubeconfig, how many Services there are.
import type { Service } from 'kubernetes-types/core/v1.d.ts';
import { setTimeout as pause } from 'node:timers/promises';
import { KubeClient } from '../client/kube-client.ts';
import { resources } from '../client/resources.ts';
import { Informer } from '../informer/informer.ts';
import { kubeconfigConnection } from '../transport/kubeconfig.ts';

const [path = '', count = ''] = process.argv.slice(2);
const client = KubeClient.connect(await kubeconfigConnection({ path, environment: {} }), {
  fieldManager: 'test',
});
// What any client needs is not the view's.
await client.get(resources.namespaces, { name: 'default' });
const before = process.memoryUsage();
const project = ({ metadata, spec, status }: Service) => ({
  uid: metadata?.uid ?? '',
  type: spec?.type ?? '',
  addresses: spec?.clusterIPs ?? [],
  ports: (spec?.ports ?? []).map(({ name, port, protocol }) => ({ name, port, protocol })),
  ingress: (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip),
});
const informer = new Informer<Service, ReturnType<typeof project>>({
  client,
  resource: resources.services,
  project,
  random: Math.random,
});
const stopping = new AbortController();
const running = informer.run(stopping.signal);
await informer.whenSynced();
if (informer.size !== Number(count)) throw new Error(`${informer.size} Services, not ${count}`);
await pause(500);
const after = process.memoryUsage();
process.stdout.write(
  JSON.stringify({ before: before.rss, after: after.rss, heap: after.heapUsed }),
);
stopping.abort();
await running;
