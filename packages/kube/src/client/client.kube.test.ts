import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { KubernetesControlPlane } from '@fairlead/lab/kubernetes';
import { EventRecorder } from '../events/event-recorder.ts';
import { configMaps, clientOf, startCluster } from '../testing/real-cluster.ts';
import { until } from '../testing/until.ts';
import { ApiError } from '../transport/errors.ts';
import { fixedIdentity } from '../transport/identity.ts';
import { KubeClient } from './kube-client.ts';
import { resources } from './resources.ts';

let cluster: KubernetesControlPlane;
let client: KubeClient;

before(async () => {
  cluster = await startCluster({ authorization: 'RBAC', users: [{ name: 'nobody' }] });
  client = clientOf(cluster);
});
after(async () => {
  client[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});

const named = (name: string, data: Record<string, string> = {}) => ({
  metadata: { name, namespace: 'default' },
  data,
});
const refused = (check: (error: ApiError) => boolean) => (error: unknown) =>
  error instanceof ApiError && check(error);

test('create, get, replace, delete, and what is said where that cannot be', async () => {
  const name = { namespace: 'default', name: 'a' };
  assert.equal(await client.find(configMaps, name), undefined);
  const created = await client.create(configMaps, named('a', { x: '1' }));
  await assert.rejects(
    client.create(configMaps, named('a')),
    refused(({ alreadyExists, conflict }) => alreadyExists && !conflict),
  );
  const replaced = await client.replace(configMaps, { ...created, data: { x: '2' } });
  await assert.rejects(
    client.replace(configMaps, { ...created, data: { x: '3' } }),
    refused(({ conflict }) => conflict),
  );
  assert.deepEqual((await client.get(configMaps, name)).data, { x: '2' });
  await assert.rejects(
    client.delete(configMaps, name, { uid: 'another' }),
    refused(({ conflict }) => conflict),
  );
  const { uid } = replaced.metadata ?? {};
  assert.equal(await client.delete(configMaps, name, { uid }), true);
  assert.equal(await client.delete(configMaps, name), false);
});

test('what the server finds wrong is named by field', async () => {
  const bad = { metadata: { name: 'web', namespace: 'default' }, spec: { ports: [{ port: 0 }] } };
  await assert.rejects(
    client.create(resources.services, bad),
    refused(({ code, causes }) => code === 422 && causes[0]?.field === 'spec.ports[0].port'),
  );
});

test('server-side apply: a field that another owns is a conflict, unless it is taken', async () => {
  const theirs = { fieldManager: 'other' };
  await client.apply(configMaps, named('b', { x: 'theirs', y: 'theirs' }), theirs);
  await assert.rejects(
    client.apply(configMaps, named('b', { x: 'ours' })),
    refused(({ conflict, causes }) => conflict && causes[0]?.field === '.data.x'),
  );
  const taken = await client.apply(configMaps, named('b', { x: 'ours' }), { force: true });
  assert.deepEqual(taken.data, { x: 'ours', y: 'theirs' });
  const left = await client.apply(configMaps, named('b'));
  assert.deepEqual(left.data, { y: 'theirs' }, 'what we owned and no longer name is removed');
});

test('status is written on its own', async () => {
  const namespace = 'default';
  const spec = { type: 'LoadBalancer' as const, ports: [{ port: 80 }] };
  await client.create(resources.services, { metadata: { name: 'web', namespace }, spec });
  const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1', ipMode: 'VIP' }] } };
  const name = { namespace, name: 'web' };
  await client.mergePatch(resources.services, name, { status }, { subresource: 'status' });
  const service = await client.get(resources.services, name);
  assert.deepEqual(service.status?.loadBalancer, status.loadBalancer);
});

test('lists come in pages that belong together', async () => {
  const namespace = 'kube-public';
  for (let at = 0; at < 7; at++) {
    await client.create(configMaps, { metadata: { name: `page-${at}`, namespace } });
  }
  const pages: string[][] = [];
  for await (const page of client.list(configMaps, { namespace, limit: 3 })) {
    if (pages.length === 0) {
      await client.delete(configMaps, { namespace, name: 'page-6' });
    }
    pages.push(page.items.map(({ metadata }) => metadata?.name ?? ''));
  }
  assert.deepEqual(pages, [
    ['page-0', 'page-1', 'page-2'],
    ['page-3', 'page-4', 'page-5'],
    ['page-6'],
  ]);
});

test('a watch tells what is there, then that this was all, then what happens', async () => {
  const namespace = 'kube-node-lease';
  const make = (name: string) => client.create(configMaps, { metadata: { name, namespace } });
  await make('before');
  const stopping = new AbortController();
  const told: string[] = [];
  const options = { namespace, sendInitialEvents: true, silenceMs: 10_000 };
  for await (const event of client.watch(configMaps, { ...options, signal: stopping.signal })) {
    told.push('object' in event ? `${event.kind} ${event.object.metadata?.name}` : event.kind);
    if (event.kind === 'bookmark') await make('after');
    if (told.length === 3) break;
  }
  assert.deepEqual(told, ['added before', 'bookmark', 'added after']);
});

test('a client certificate says who we are', async () => {
  const files = await cluster.clientCertificate('somebody', ['system:masters']);
  using other = KubeClient.connect(
    {
      server: new URL(cluster.server),
      namespace: 'default',
      certificateAuthority: readFileSync(cluster.certificateAuthority, 'utf8'),
      identity: fixedIdentity({
        client: {
          certificate: readFileSync(files.certificate, 'utf8'),
          key: readFileSync(files.key, 'utf8'),
        },
      }),
    },
    { fieldManager: 'test' },
  );
  assert.equal(
    (await other.get(resources.namespaces, { name: 'default' })).metadata?.name,
    'default',
  );
});

test('who may not is told so, and who is unknown', async () => {
  using nobody = clientOf(cluster, 'nobody');
  await assert.rejects(
    nobody.get(resources.nodes, { name: 'n' }),
    refused(({ code, reason }) => code === 403 && reason === 'Forbidden'),
  );
  using stranger = KubeClient.connect(
    {
      server: new URL(cluster.server),
      namespace: 'default',
      insecure: true,
      identity: fixedIdentity({ token: 'stranger' }),
    },
    { fieldManager: 'test' },
  );
  await assert.rejects(
    stranger.get(resources.nodes, { name: 'n' }),
    refused(({ code }) => code === 401),
  );
});

test('a server that shows another certificate is not spoken to', async () => {
  using client = KubeClient.connect(
    {
      server: new URL(cluster.server),
      namespace: 'default',
      identity: fixedIdentity({ token: cluster.token() }),
    },
    { fieldManager: 'test' },
  );
  await assert.rejects(client.get(resources.nodes, { name: 'n' }), /self-signed|unable to/u);
});

test('where no certificate is given those of the system are trusted', async () => {
  await promisify(execFile)(
    process.execPath,
    [join(import.meta.dirname, '../testing/client-child.ts'), cluster.server, cluster.token()],
    { env: { SSL_CERT_FILE: cluster.certificateAuthority } },
  );
});

test('a Unix socket leads to it as well', async () => {
  const door = await cluster.openDoor();
  using client = KubeClient.connect(
    {
      server: new URL(door.server),
      socketPath: door.socketPath,
      namespace: 'default',
      certificateAuthority: readFileSync(cluster.certificateAuthority, 'utf8'),
      identity: fixedIdentity({ token: cluster.token() }),
    },
    { fieldManager: 'test' },
  );
  assert.ok(await client.get(resources.namespaces, { name: 'default' }));
});

test('events are accepted, and counted in a series', async () => {
  const failures: Error[] = [];
  const limits = { burst: 25, refillMs: 300_000, seriesMs: 360_000, repeatMs: 200, series: 10 };
  const recorder = new EventRecorder({
    client,
    controller: 'fairlead.dev/test',
    instance: 'here',
    random: Math.random,
    limits,
    onFailure: (error) => failures.push(error),
  });
  const stopping = new AbortController();
  const running = recorder.run(stopping.signal);
  const record = (): void =>
    recorder.record({
      regarding: { apiVersion: 'v1', kind: 'Node', name: 'n1' },
      type: 'Warning',
      reason: 'Tested',
      action: 'Test',
      note: 'nothing happened',
    });
  for (let at = 0; at < 5; at++) record();
  await until('the series is written', async () => {
    const { items } = await client.listPage(resources.events);
    const event = items.find(({ reason }) => reason === 'Tested');
    return event?.series?.count === 5;
  });
  stopping.abort();
  await running;
  assert.deepEqual(failures, []);
  const { stdout } = await cluster.kubectl(['get', 'events', '-n', 'default']);
  assert.match(stdout, /Warning\s+Tested\s+node\/n1\s+nothing happened/u);
});
