import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { KubernetesControlPlane } from '@fairlead/lab/kubernetes';
import { resources } from '../client/resources.ts';
import { clientOf, startCluster } from '../testing/real-cluster.ts';

const services = 2_000;
const mebibyte = 1024 * 1024;
let cluster: KubernetesControlPlane;

before(async () => {
  // Services of type ClusterIP with addresses for all of them.
  cluster = await startCluster({ serviceRanges: ['10.96.0.0/16'] });
  using client = clientOf(cluster);
  const make = async (first: number): Promise<void> => {
    for (let at = first; at < services; at += 8) {
      await client.create(resources.services, {
        metadata: {
          name: `service-${at}`,
          namespace: 'default',
          labels: { app: `app-${at}`, tier: 'web' },
          annotations: { note: 'x'.repeat(300) },
        },
        spec: {
          selector: { app: `app-${at}` },
          ports: [
            { name: 'http', port: 80 },
            { name: 'https', port: 443 },
          ],
        },
      });
    }
  };
  await Promise.all(Array.from({ length: 8 }, (_, at) => make(at)));
});
after(async () => await cluster[Symbol.asyncDispose]());

interface Measured {
  readonly before: number;
  readonly after: number;
  readonly heap: number;
}

async function measure(server?: string): Promise<Measured> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--max-semi-space-size=1',
    join(import.meta.dirname, '../testing/memory-child.ts'),
    cluster.kubeconfig(undefined, server),
    // And the one that the API server makes.
    String(services + 1),
  ]);
  return JSON.parse(stdout) as Measured;
}

const inMebibytes = ({ before, after, heap }: Measured): string =>
  [before, after, heap].map((bytes) => (bytes / mebibyte).toFixed(1)).join(' → ');

test('the view of 2 000 Services is small, read by a watch or by lists', async (t) => {
  const watched = await measure();
  t.diagnostic(`by WatchList: RSS before → after → heap: ${inMebibytes(watched)} MiB`);
  const proxy = await cluster.startProxy('lists');
  await proxy.refuse({ status: 422, path: 'sendInitialEvents' });
  const listed = await measure(proxy.server);
  t.diagnostic(`by lists: RSS before → after → heap: ${inMebibytes(listed)} MiB`);
  for (const { before, after } of [watched, listed]) {
    assert.ok(after - before < 30 * mebibyte, `${((after - before) / mebibyte).toFixed(1)} MiB`);
  }
});
