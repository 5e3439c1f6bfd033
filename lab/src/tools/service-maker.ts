/**
 * Makes a Service of type LoadBalancer and deletes it again, round after round, and prints when it asked the API
 * server, when that had answered, and when the Service's status had an address. Runs where the API server is.
 */
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { kubeconfigConnection, KubeClient, resources } from '@fairlead/kube';
import { serviceOf } from '../cluster/service-options.ts';
import { madeName, type MadeService, type PublishedService } from '../kubernetes/made-service.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import { printLine } from './print-line.ts';

const { values } = parseArgs({
  options: {
    kubeconfig: { type: 'string', default: '' },
    rounds: { type: 'string', default: '1' },
    address: { type: 'string', multiple: true, default: [] },
    'keep-ms': { type: 'string', default: '700' },
    'rest-ms': { type: 'string', default: '500' },
  },
});

const connection = await kubeconfigConnection({ path: values.kubeconfig, environment: {} });
using client = KubeClient.connect(connection, { fieldManager: 'lab' });
// The connection is made before the first round is timed.
await client.find(resources.namespaces, { name: 'default' });
const { resourceVersion } = await client.listPage(resources.services);
const stopping = new AbortController();
const watching = watchStatuses(resourceVersion, stopping.signal);
printLine({ kind: 'ready' });
for (let round = 0; round < Number(values.rounds); round++) {
  const name = madeName(round);
  const service = serviceOf({ name, addresses: values.address });
  const askedMs = monotonicMs();
  await client.create(resources.services, service);
  printLine({ kind: 'made', name, askedMs, answeredMs: monotonicMs() } satisfies MadeService);
  await pause(Number(values['keep-ms']));
  await client.delete(resources.services, { namespace: 'default', name });
  await pause(Number(values['rest-ms']));
}
stopping.abort();
await watching;

/** Prints the first address of each Service, as soon as its status has one. */
async function watchStatuses(resourceVersion: string, signal: AbortSignal): Promise<void> {
  const told = new Set<string>();
  try {
    for await (const event of client.watch(resources.services, {
      resourceVersion,
      silenceMs: 90_000,
      signal,
    })) {
      if (event.kind !== 'modified') continue;
      const { metadata, status } = event.object;
      const name = metadata?.name ?? '';
      if (told.has(name) || (status?.loadBalancer?.ingress ?? []).length === 0) continue;
      told.add(name);
      printLine({ kind: 'published', name, atMs: monotonicMs() } satisfies PublishedService);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
