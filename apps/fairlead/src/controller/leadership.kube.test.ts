import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { resources } from '@fairlead/kube';
import type { FaultProxy, SeenRequest } from '@fairlead/lab/kubernetes';
import { ControlledCluster, type RunningController } from './testing/controlled-cluster.ts';

let cluster: ControlledCluster;
let proxy: FaultProxy;
/** Successful writes of the present controller that were counted. */
let heard = 0;

before(async () => {
  cluster = await ControlledCluster.start();
  proxy = await cluster.plane.startProxy('controller');
  await cluster.putPool('lan', ['192.0.2.96-192.0.2.111']);
});
after(async () => await cluster[Symbol.asyncDispose]());

/** Statuses with which the API server, or the proxy, answered writes of statuses of Services, since last asked. */
async function serviceWrites(controller: RunningController): Promise<readonly number[]> {
  // What the server has is what the controller has heard of a moment later.
  const okay = 'api_writes_total{kind="service",outcome="ok"}';
  const sent = (await writes()).filter(({ path }) => path.includes('/services/'));
  const answers = sent.map(({ status }) => status);
  const unanswered = answers.filter((status) => status === undefined).length;
  const done = answers.filter((status) => status === 200).length;
  heard += done + unanswered;
  await cluster.until('the controller hears of it', async () => {
    return (await controller.metric(okay)) >= heard;
  });
  return answers.map((status) => status ?? 200);
}

/** All writes but renewals of the Lease. */
async function writes(): Promise<readonly Pick<SeenRequest, 'path' | 'status'>[]> {
  return (await proxy.requests())
    .filter(({ method, path }) => method !== 'GET' && !path.includes('/leases'))
    .map(({ path, status }) => ({ path, status }));
}

/** Resolves once nothing else was written from one renewal of the Lease to the next. */
async function restBegins(): Promise<void> {
  // Nobody knows what was written before the first renewal.
  let others = Infinity;
  await cluster.until('nothing is written but the Lease', async () => {
    for (const { method, path } of await proxy.requests()) {
      if (method === 'GET') continue;
      if (!path.includes('/leases')) others += 1;
      else if (others === 0) return true;
      else others = 0;
    }
    return false;
  });
}

test('one write for a Service that is made, at most one for one that is changed, none for one that goes or stays', async (t) => {
  await using controller = await cluster.startController({ server: proxy.server });
  await controller.leads();
  heard = 0;
  await proxy.requests();
  await cluster.createService('web');
  const before = await cluster.allocated('web');
  assert.deepEqual(await serviceWrites(controller), [200]);
  // Nothing that is told has changed.
  await cluster.patchService('web', {
    spec: { ports: [{ port: 81 }] },
    metadata: { labels: { a: 'b' } },
  });
  await cluster.createService('next');
  await cluster.allocated('next');
  assert.deepEqual(await serviceWrites(controller), [200]);
  const other = before.addresses[0] === '192.0.2.109' ? '192.0.2.110' : '192.0.2.109';
  await cluster.patchService('web', {
    metadata: { annotations: { 'fairlead.dev/addresses': other } },
  });
  await cluster.serviceWith('web', 'has moved', ({ addresses }) => addresses[0] === other);
  assert.deepEqual(await serviceWrites(controller), [200]);
  await cluster.deleteService('web');
  await cluster.createService('last', { annotations: { 'fairlead.dev/addresses': other } });
  await cluster.serviceWith(
    'last',
    'has what was freed',
    ({ addresses }) => addresses[0] === other,
  );
  assert.deepEqual(await serviceWrites(controller), [200]);
  // Pools may be written once more, and events; then all is said.
  await restBegins();
  const version = (await cluster.service('last')).version;
  const { code, tookMs } = await controller.stop();
  assert.equal(code, 0);
  t.diagnostic(`ended ${tookMs.toFixed(0)} ms after SIGTERM`);
  assert.equal((await cluster.service('last')).version, version);
  const { spec } = await cluster.client.get(resources.leases, {
    namespace: 'fairlead-system',
    name: 'fairlead-controller',
  });
  assert.equal(spec?.holderIdentity, '');
});

test('refused and slow writes are made again; a restart changes nothing', async () => {
  await using controller = await cluster.startController({ server: proxy.server });
  await controller.leads();
  heard = 0;
  await cluster.until(
    'what was said is read',
    async () => (await controller.metric('queue_length')) === 0,
  );
  assert.deepEqual(await serviceWrites(controller), []);
  for (const rule of [
    { status: 409 },
    { status: 429, retryAfterSeconds: 1 },
    { status: 500 },
    { status: 404 },
  ]) {
    await proxy.refuse({ ...rule, method: 'PATCH', path: '/services/.*/status', times: 2 });
    const name = `refused-${rule.status}`;
    await cluster.createService(name);
    await cluster.allocated(name);
    assert.deepEqual(await serviceWrites(controller), [rule.status, rule.status, 200]);
    await cluster.deleteService(name);
  }
  await proxy.cut();
  await cluster.createService('meanwhile');
  await proxy.restore();
  await cluster.allocated('meanwhile', 20_000);
  // While writes are on their way no address is given twice.
  await proxy.delay(200);
  const names = Array.from({ length: 10 }, (_, index) => `many-${index}`);
  for (const name of names) await cluster.createService(name);
  const addresses = [];
  for (const name of names) addresses.push(...(await cluster.allocated(name)).addresses);
  assert.equal(new Set(addresses).size, names.length);
  await proxy.restore();
  assert.deepEqual(new Set(await serviceWrites(controller)), new Set([200]));
  for (const name of names) await cluster.deleteService(name);
});

test('who fights over a status is not fought by force', async () => {
  await using controller = await cluster.startController({ server: proxy.server });
  await controller.leads();
  heard = 0;
  await cluster.createService('contested');
  const { addresses } = await cluster.allocated('contested');
  const overwrite = async (): Promise<void> => {
    await cluster.client.mergePatch(
      resources.services,
      { namespace: 'default', name: 'contested' },
      { status: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } } },
      { subresource: 'status' },
    );
  };
  await proxy.requests();
  let overwritten = 0;
  const endMs = performance.now() + 3_000;
  await cluster.until('three seconds of it, and a restoration', async () => {
    const seen = await cluster.service('contested');
    if (seen.addresses[0] === addresses[0]) {
      await overwrite();
      overwritten++;
    }
    return overwritten >= 2 && performance.now() > endMs;
  });
  assert.ok(overwritten <= 6, `${overwritten} times`);
  await cluster.serviceWith('contested', 'has its address again', (seen) => {
    return seen.addresses[0] === addresses[0];
  });
  await cluster.deleteService('contested');
});

test('a killed leader is followed by a standby, which changes nothing that is there', async () => {
  await using first = await cluster.startController();
  await first.leads();
  // What went that way before does not count.
  await writes();
  await using standby = await cluster.startController({ server: proxy.server });
  await cluster.until('the standby is ready', async () => await standby.isReady());
  await cluster.createService('kept');
  const kept = await cluster.allocated('kept');
  assert.deepEqual(await writes(), [], 'a standby writes nothing');
  first.process.kill('SIGKILL');
  await first.process.exited;
  await cluster.createService('late');
  // The Lease runs out after 15 s.
  await cluster.allocated('late', 30_000);
  assert.equal((await cluster.service('kept')).version, kept.version);
  assert.equal(await standby.metric('leader'), 1);
});

test('a leader that can reach nobody stops writing before another one begins', async () => {
  await using first = await cluster.startController({ server: proxy.server });
  await first.leads();
  await using standby = await cluster.startController();
  await cluster.until('the standby is ready', async () => await standby.isReady());
  await proxy.silence();
  await standby.leads();
  assert.equal(await first.metric('leader'), 0);
  await proxy.restore();
});
