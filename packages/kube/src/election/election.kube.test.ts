import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { KubernetesControlPlane } from '@fairlead/lab/kubernetes';
import { resources } from '../client/resources.ts';
import { clientOf, startCluster } from '../testing/real-cluster.ts';
import { until } from '../testing/until.ts';
import { LeaderElection, type Leadership } from './leader-election.ts';

let cluster: KubernetesControlPlane;
const lease = { namespace: 'kube-system', name: 'fairlead-controller' };

before(async () => {
  cluster = await startCluster();
});
after(async () => await cluster[Symbol.asyncDispose]());

function stand(identity: string, server?: string) {
  const client = clientOf(cluster, undefined, server);
  const told: Leadership[] = [];
  const failures: string[] = [];
  const election = new LeaderElection({
    client,
    lease,
    identity,
    random: Math.random,
    timing: { leaseMs: 9_000, renewDeadlineMs: 6_000, retryMs: 1_000 },
    lead: async (signal) => {
      const lost = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => lost.resolve());
      await lost.promise;
    },
    onChange: (leadership) => told.push(leadership),
    onFailure: (error) => failures.push(error.message),
  });
  const stopping = new AbortController();
  const running = election.run(stopping.signal);
  return {
    election,
    told,
    failures,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await running;
      client[Symbol.dispose]();
    },
  };
}

test('two stand: one leads; cut off it stops before the other begins; given back it is free at once', async () => {
  const proxy = await cluster.startProxy('election');
  const a = stand('a', proxy.server);
  await until('a leads', () => a.election.leading);
  await using b = stand('b');
  await until('b knows', () => b.told.some((one) => !one.leading && one.holder === 'a'));
  await proxy.silence();
  let both = 0;
  await until(
    'b leads',
    () => {
      if (a.election.leading && b.election.leading) both += 1;
      return b.election.leading;
    },
    30_000,
  );
  assert.deepEqual([a.election.leading, both], [false, 0]);
  await proxy.restore();
  await until('a knows', () => a.told.some((one) => !one.leading && one.holder === 'b'));
  using direct = clientOf(cluster);
  const { spec } = await direct.get(resources.leases, lease);
  assert.deepEqual([spec?.holderIdentity, spec?.leaseTransitions], ['b', 1]);
  await a[Symbol.asyncDispose]();
});

test('a lease that is given back is taken at the next attempt', async (t) => {
  await until('nobody holds it', async () => {
    using direct = clientOf(cluster);
    return (await direct.get(resources.leases, lease)).spec?.holderIdentity === '';
  });
  const a = stand('a');
  await until('a leads', () => a.election.leading);
  await using b = stand('b');
  await until('b knows', () => b.told.length > 0);
  await a[Symbol.asyncDispose]();
  const freeMs = performance.now();
  await until('b leads', () => b.election.leading);
  t.diagnostic(`taken after ${Math.round(performance.now() - freeMs)} ms`);
  assert.deepEqual([a.failures, b.failures], [[], []]);
});

test('a stopped API server ends leadership, and a started one brings it back', async () => {
  await using a = stand('a');
  await until('a leads', () => a.election.leading);
  await cluster.killApiServer();
  await until('a is no leader', () => !a.election.leading);
  await cluster.startApiServer();
  await until('a leads', () => a.election.leading);
});
