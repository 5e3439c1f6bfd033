import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { resources, type KubeClient } from '@fairlead/kube';
import type { FaultProxy, KubernetesControlPlane } from '@fairlead/lab/kubernetes';
import { address, node, nodeReport, pool, service } from '../../conformance/sample-objects.ts';
import type { ClusterState } from '../../state.ts';
import {
  applyCrds,
  clientOf,
  follow,
  putObject,
  putObjects,
  startCluster,
} from '../../testing/real-cluster.ts';
import type { SourceUpdate } from '../source.ts';

let cluster: KubernetesControlPlane;
let proxy: FaultProxy;
/** Not through the proxy. */
let direct: KubeClient;
let faulty: KubeClient;
let number = 0;

before(async () => {
  cluster = await startCluster();
  proxy = await cluster.startProxy('faults');
  direct = await clientOf(cluster);
  faulty = await clientOf(cluster, { server: proxy.server });
});
afterEach(async () => await proxy.restore());
after(async () => {
  direct[Symbol.dispose]();
  faulty[Symbol.dispose]();
  await cluster[Symbol.asyncDispose]();
});

const problemOf = ({ state, problems }: SourceUpdate, object: string) =>
  [...problems, ...(state?.problems ?? [])].find((problem) => problem.object === object);
const serviceOf = ({ services }: ClusterState, name: string) =>
  services.find((each) => each.name === name);
const hasService =
  (name: string) =>
  ({ state }: SourceUpdate): boolean =>
    state !== undefined && serviceOf(state, name) !== undefined;

/** A Service that was not there before. */
async function addService(): Promise<string> {
  number += 1;
  const name = `added-${number}`;
  await putObject(direct, service(name));
  return name;
}

const membership = { namespace: 'default', name: 'membership' };
async function putKeys(text: string): Promise<void> {
  const data = { keys: Buffer.from(text).toString('base64') };
  await direct.apply(resources.secrets, { metadata: membership, data });
}

test('CRDs are missing: a problem says what to apply, the rest goes on, and later they are seen', async () => {
  await putObject(direct, service('early'));
  await using followed = follow(direct, 'agent');
  const { updates, source } = followed;
  const update = await updates.until('a state without CRDs', hasService('early'));
  for (const plural of ['addresspools', 'announcements', 'nodereports']) {
    const problem = problemOf(update, `CustomResourceDefinition/${plural}.fairlead.dev`);
    assert.match(problem?.message ?? '', /kubectl apply -f deploy\/crds/u);
  }
  assert.ok(Number.isFinite(source.ageMs), 'it knows all that there is');
  await applyCrds(cluster);
  await putObject(direct, pool('lan', ['192.0.2.0/28']));
  const later = await updates.until(
    'the pool, and no CRD is missing',
    ({ state, problems }) =>
      state?.pools.length === 1 &&
      !problems.some(({ object }) => object.startsWith('CustomResourceDefinition/')),
    60_000,
  );
  assert.equal(later.state?.pools[0]?.name, 'lan');
});

test('the keys: missing, made, rotated, spoilt and lost', async () => {
  await using followed = follow(direct, 'agent');
  const { updates } = followed;
  const object = 'Secret/default/membership';
  const keysOf = ({ keys }: SourceUpdate): string =>
    keys.map((key) => key.reveal().toHex().slice(0, 2)).join();
  const missing = await updates.until('no keys', (each) => problemOf(each, object) !== undefined);
  assert.match(
    problemOf(missing, object)?.message ?? '',
    /Does not exist.*The controller makes it/u,
  );
  await putKeys(`${'aa'.repeat(16)}\n`);
  const made = await updates.until('a key', (each) => keysOf(each) === 'aa');
  assert.equal(problemOf(made, object), undefined);
  await putKeys(`${'bb'.repeat(16)}\n${'aa'.repeat(16)}\n`);
  await updates.until('both keys', (each) => keysOf(each) === 'bb,aa');
  await putKeys('secret but no key\n');
  const spoilt = await updates.until('a problem', (each) => problemOf(each, object) !== undefined);
  assert.equal(keysOf(spoilt), 'bb,aa', 'the last good ones');
  assert.doesNotMatch(JSON.stringify(spoilt.problems), /secret but/u);
  assert.equal(problemOf(spoilt, object)?.field, 'data.keys');
  await direct.delete(resources.secrets, membership);
  const lost = await updates.until(
    'it is missing',
    (each) => problemOf(each, object)?.message.startsWith('Does not exist') === true,
  );
  assert.equal(keysOf(lost), 'bb,aa', 'the last good ones');
});

test('forbidden: a problem says what to allow, and it is seen when it is', async () => {
  await proxy.refuse({ status: 403, path: '/services\\?' });
  await using followed = follow(faulty, 'controller');
  const { updates } = followed;
  const object = `KubernetesAPI/${proxy.server}`;
  const update = await updates.until(
    'the refusal',
    (each) => problemOf(each, object) !== undefined,
  );
  assert.equal(
    update.state,
    undefined,
    'who may not see Services does not know that there are none',
  );
  const problem = problemOf(update, object);
  assert.equal(problem?.field, 'services');
  assert.match(problem.message, /Allow the verbs list and watch on the resource services /u);
  await proxy.restore();
  await updates.until(
    'a state',
    (each) => each.state !== undefined && problemOf(each, object) === undefined,
    60_000,
  );
});

test('a Secret that may not be read does not keep the rest from being known', async () => {
  await proxy.refuse({ status: 403, path: '/secrets\\?' });
  await using followed = follow(faulty, 'agent');
  const update = await followed.updates.until('a state', ({ state }) => state !== undefined);
  const problem = problemOf(update, `KubernetesAPI/${proxy.server}`);
  assert.match(problem?.message ?? '', /secrets, resource name membership in namespace default/u);
});

test('cut off: the state stays, after some seconds a problem says so, and all is seen when it is back', async () => {
  await using followed = follow(faulty, 'agent');
  const { updates, source } = followed;
  const name = await addService();
  const { state } = await updates.until('the Service', hasService(name));
  const object = `KubernetesAPI/${proxy.server}`;
  await proxy.cut();
  const other = await addService();
  const update = await updates.until(
    'the problem',
    (each) => problemOf(each, object) !== undefined,
    60_000,
  );
  assert.equal(update.state, state);
  assert.match(
    problemOf(update, object)?.message ?? '',
    /Has not served us since 20\d\d-.*The last known state is used until it does\./u,
  );
  assert.ok(source.ageMs >= 10_000);
  await proxy.restore();
  await updates.until(
    'what happened meanwhile, and no problem',
    (each) => hasService(other)(each) && problemOf(each, object) === undefined,
    60_000,
  );
  assert.ok(source.ageMs < 10_000);
});

test('garbage and 410: everything is read again, and unchanged objects stay the same', async () => {
  await using followed = follow(faulty, 'agent');
  const { updates } = followed;
  const name = await addService();
  const first = await updates.until('the Service', hasService(name));
  await proxy.garble('{"type":"MODIFIED","object":{"metada\n');
  const second = await addService();
  await updates.until('a Service after garbage', hasService(second));
  await proxy.cut();
  await proxy.restore();
  await proxy.refuse({ status: 410, path: '/services\\?', times: 1 });
  const third = await addService();
  const last = await updates.until('a Service after 410', hasService(third));
  assert.ok(first.state !== undefined && last.state !== undefined);
  assert.equal(serviceOf(last.state, name), serviceOf(first.state, name));
});

test('a poisoned object is a problem of its own, and others go on', async () => {
  await using followed = follow(faulty, 'controller');
  const { updates } = followed;
  await updates.until('a state', ({ state }) => state !== undefined);
  const metadata = { name: 'poisoned', namespace: 'default', uid: 'u', resourceVersion: '1' };
  const spec = { type: 'LoadBalancer', ports: [{ port: 'eighty' }] };
  await proxy.garble(`${JSON.stringify({ type: 'ADDED', object: { metadata, spec } })}\n`);
  const name = await addService();
  const update = await updates.until('the Service after it', hasService(name));
  const problem = problemOf(update, 'Service/default/poisoned');
  assert.deepEqual([problem?.field, problem?.value], ['spec.ports[0].port', 'eighty']);
  assert.deepEqual(
    update.state?.unservedServices?.map(({ key, why }) => [key, why]),
    [['default/poisoned', 'refused']],
  );
});

test('statuses and reports: the controller sees all, an agent is not woken by words', async () => {
  await putObjects(direct, [service('web'), node('node-1', [address('192.0.2.11')])]);
  await using controller = follow(direct, 'controller');
  await using agent = follow(direct, 'agent');
  const name = { namespace: 'default', name: 'web' };
  const say = async (message: string): Promise<void> => {
    const condition = {
      type: 'fairlead.dev/Allocated',
      status: 'True',
      reason: 'Allocated',
      message,
      lastTransitionTime: '2026-01-01T00:00:00Z',
    };
    const status = {
      loadBalancer: { ingress: [{ ip: '192.0.2.7', ipMode: 'VIP' }] },
      conditions: [condition],
    };
    await direct.mergePatch(resources.services, name, { status }, { subresource: 'status' });
  };
  const published = ({ state }: SourceUpdate) => state && serviceOf(state, 'web')?.published;
  const message = (update: SourceUpdate) => published(update)?.conditions[0]?.message;
  const interfaces = [
    { name: 'eth0', mac: '52:54:00:00:00:01', addresses: ['192.0.2.11/24', 'fe80::1/64'] },
  ];
  const problems = [{ object: 'Node/node-1', field: '', value: '', message: 'Something.' }];
  await putObject(direct, nodeReport('node-1', interfaces));
  await say('first');
  const allocated = ({ state, ...update }: SourceUpdate): boolean =>
    published({ state, ...update })?.conditions.length === 1 &&
    state?.nodes[0]?.report?.interfaces.length === 1;
  const before = await agent.updates.until('the address', allocated);
  assert.deepEqual(published(before)?.addresses, ['192.0.2.7']);
  await say('second');
  await putObject(direct, nodeReport('node-1', interfaces, { problems }));
  const seen = await controller.updates.until(
    'the words and the problem',
    (update) =>
      message(update) === 'second' && update.state?.nodes[0]?.report?.problems.length === 1,
  );
  assert.deepEqual(seen.state?.nodes[0]?.report?.problems, problems);
  const { items } = await direct.listPage(resources.namespaces);
  const system = items.find(({ metadata }) => metadata?.name === 'kube-system');
  assert.equal(seen.state?.clusterId, system?.metadata?.uid);
  // What comes by the same watch later has overtaken nothing.
  const later = await addService();
  await putObject(direct, node('node-2', [address('192.0.2.12')]));
  const after_ = await agent.updates.until(
    'what came later',
    (update) => hasService(later)(update) && update.state?.nodes[1]?.addresses.length === 1,
  );
  assert.ok(before.state !== undefined && after_.state !== undefined);
  assert.equal(serviceOf(after_.state, 'web'), serviceOf(before.state, 'web'));
  assert.equal(after_.state.nodes[0], before.state.nodes[0]);
});

test('a Service that is no longer ours is released, one that is deleted is gone', async () => {
  await putObject(direct, service('leaving'));
  const condition = {
    type: 'fairlead.dev/Allocated',
    status: 'True',
    reason: 'Allocated',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  const name = { namespace: 'default', name: 'leaving' };
  const status = { conditions: [condition] };
  await direct.mergePatch(resources.services, name, { status }, { subresource: 'status' });
  await using followed = follow(direct, 'controller');
  const { updates } = followed;
  await updates.until('the Service', hasService('leaving'));
  await direct.mergePatch(resources.services, name, { spec: { type: 'ClusterIP' } });
  const released = await updates.until(
    'the release',
    ({ state }) => state?.unservedServices?.some(({ why }) => why === 'released') === true,
  );
  assert.ok(!hasService('leaving')(released));
  await direct.delete(resources.services, name);
  await updates.until(
    'nothing of it',
    ({ state }) => state !== undefined && state.unservedServices === undefined,
  );
});

test('what follows fails: so does the source', async () => {
  const stopped = new Error('stopped by the test');
  const failing = follow(direct, 'agent', () => {
    throw stopped;
  });
  await assert.rejects(failing.running, stopped);
});
