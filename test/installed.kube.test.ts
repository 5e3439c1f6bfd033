/**
 * Fairlead as `deploy/` installs it, agents and controllers running under its roles: what they really ask the API
 * server for, and what docs/kubernetes.md promises.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ClusterRole, PolicyRule, Role } from 'kubernetes-types/rbac/v1.d.ts';
import type { KubeObject } from '@fairlead/kube';
import { Lab, waitFor } from '@fairlead/lab';
import { KubernetesCluster, type FaultProxy, type SeenRequest } from '@fairlead/lab/kubernetes';
import { manifest } from './manifests.ts';
import { requestsOutside, unusedRules } from './role-rules.ts';

const address = '192.0.2.100';
const executable = join(import.meta.dirname, '..', 'bin', 'fairlead');

/** By Service: what it asks for. */
const legacy: Readonly<Record<string, readonly string[]>> = {
  asks: ['192.0.2.150'],
  silent: [],
};
const legacyAddress: Readonly<Record<string, string>> = {
  asks: '192.0.2.150',
  silent: '192.0.2.151',
};

let lab: Lab;
let cluster: KubernetesCluster;
let agentRequests: readonly SeenRequest[];
let controllerRequests: readonly SeenRequest[];

before(async () => {
  lab = await Lab.create({ name: 'installed' });
  cluster = await KubernetesCluster.create(lab, { nodes: ['a', 'b'], podsOn: ['b'] });
  // What another load balancer has served so far: docs/kubernetes.md says how to take it over.
  for (const [name, requested] of Object.entries(legacy)) {
    await cluster.service({ name, addresses: requested });
    await cluster.publish(name, [legacyAddress[name] ?? '']);
  }
  const { controllers } = cluster;
  await controllers.start('one');
  await controllers.leader();
  await controllers.start('two');
  await cluster.startAgents();
  await cluster.service({ name: 'web', addresses: [address] });
  await cluster.owner(address);
  // Something to tell.
  await cluster.service({ name: 'nowhere', addresses: ['198.51.100.1'] });
  await cluster.apply({
    apiVersion: 'fairlead.dev/v1alpha1',
    kind: 'Announcement',
    metadata: { name: 'unknown-pool' },
    spec: { pools: ['gone'] },
  } as KubeObject);
  await waitFor(told, {
    what: 'events about what cannot be',
    deadlineMs: 15_000,
    everyMs: 200,
  });
  await waitFor(reported, {
    what: 'both nodes to have reported',
    deadlineMs: 20_000,
    everyMs: 200,
  });
  await waitFor(renewed, {
    what: 'the leader to renew its Lease',
    deadlineMs: 15_000,
    everyMs: 200,
  });
  agentRequests = await requestsOf(cluster.nodes.map((node) => cluster.apiOf(node)));
  controllerRequests = await requestsOf(['one', 'two'].map((name) => controllers.apiOf(name)));
});

after(() => lab[Symbol.asyncDispose]());

async function told(): Promise<boolean> {
  const { stdout } = await cluster.kubectl(['get', 'events']);
  return ['service/nowhere', 'announcement/unknown-pool'].every((each) => stdout.includes(each));
}

async function reported(): Promise<boolean> {
  const { stdout } = await cluster.kubectl(['get', 'nodereports', '--output=name']);
  return stdout.trim().split('\n').length === 2;
}

async function renewed(): Promise<boolean> {
  const { stdout } = await cluster.kubectl([
    'get',
    'lease/fairlead-controller',
    '--namespace=fairlead-system',
    '--output=jsonpath={.spec.acquireTime} {.spec.renewTime}',
  ]);
  const [acquiredAt, renewedAt] = stdout.split(' ');
  return renewedAt !== acquiredAt;
}

async function requestsOf(proxies: readonly FaultProxy[]): Promise<readonly SeenRequest[]> {
  return (await Promise.all(proxies.map((proxy) => proxy.requests()))).flat();
}

function rulesOf(account: string): readonly PolicyRule[] {
  const { rules = [] } = manifest('ClusterRole', account) as ClusterRole;
  const { rules: own = [] } = manifest('Role', account) as Role;
  return [...rules, ...own];
}

/** Lists come first with API servers that cannot tell what is there by a watch; this one can. */
const fallback = /^list /u;

function assertFits(
  account: string,
  requests: readonly SeenRequest[],
  seldom: readonly string[],
): void {
  const rules = rulesOf(account);
  assert.deepEqual(requestsOutside(rules, requests), [], 'not allowed by deploy/');
  assert.deepEqual(
    requests.filter(({ status }) => status === 401 || status === 403),
    [],
  );
  const unused = unusedRules(rules, requests).filter((rule) => !fallback.test(rule));
  assert.deepEqual(unused.sort(), [...seldom].sort(), 'allowed, and nobody asks for it');
}

test('agents ask for nothing else, and for all that they may', () => {
  // To apply what is not there yet is a patch, for which `create` must be allowed, too.
  assertFits('fairlead-agent', agentRequests, ['create nodereports.fairlead.dev']);
});

test('controllers ask for nothing else, and for all that they may', () => {
  // An event that comes again and again becomes a series.
  assertFits('fairlead-controller', controllerRequests, ['patch events.events.k8s.io']);
});

test('fairlead status of the cluster names the owner that agents know', async () => {
  const argv = [executable, 'status', '--kubeconfig', cluster.plane.kubeconfig()] as const;
  await waitFor(
    async () => {
      // Where the machine is slow it may have moved since.
      const { name } = await cluster.owner(address);
      const { stdout } = await cluster.host.exec(argv);
      assert.match(
        stdout,
        new RegExp(`^default/web +${RegExp.escape(address)} .* ${name} .*answered for$`, 'mu'),
      );
      return true;
    },
    { what: 'status to name the owner', deadlineMs: 30_000, everyMs: 500 },
  );
});

test('coming from another load balancer: an address is kept where the Service asks for it', async () => {
  const addressesOf = async (name: string): Promise<readonly string[]> => {
    const { status } = await cluster.serviceObject(name);
    return (status?.loadBalancer?.ingress ?? []).map(({ ip = '' }) => ip);
  };
  assert.ok((await addressesOf('asks')).includes('192.0.2.150'));
  // What somebody else wrote is no claim: another address comes as good.
  assert.ok(!(await addressesOf('silent')).includes('192.0.2.151'));
  const patch = ['--type=merge', '--patch={"spec":{"loadBalancerClass":"fairlead.dev/lb"}}'];
  const { stderr } = await cluster.kubectl(['patch', 'service', 'asks', ...patch], {
    mayFail: true,
  });
  assert.match(stderr, /may not change once set/u, 'so that a class cannot be the way over');
});

test('scripts can wait for a condition', async () => {
  const flags = ['--for=condition=fairlead.dev/Announced', '--timeout=15s'];
  const { stdout } = await cluster.kubectl(['wait', ...flags, 'service/web']);
  assert.match(stdout, /condition met/u);
});
