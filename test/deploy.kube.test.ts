/** What `deploy/` makes of a cluster: applied to a real API server with RBAC. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import type { SubjectAccessReview } from 'kubernetes-types/authorization/v1.d.ts';
import { ApiError, defineResource, KubeClient, kubeconfigConnection } from '@fairlead/kube';
import {
  KubernetesControlPlane,
  nodeObject,
  serviceAccountKubeconfig,
} from '@fairlead/lab/kubernetes';
import { waitFor } from '@fairlead/lab';
import { deployDirectory, readManifests } from './manifests.ts';

const namespace = 'fairlead-system';
const reviews = defineResource<SubjectAccessReview>({
  group: 'authorization.k8s.io',
  version: 'v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
});
const nodeReports = defineResource({
  group: 'fairlead.dev',
  version: 'v1alpha1',
  kind: 'NodeReport',
  plural: 'nodereports',
  namespaced: false,
});

let plane: KubernetesControlPlane;
let admin: KubeClient;

before(async () => {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  plane = await KubernetesControlPlane.start({
    authorization: 'RBAC',
    users: [{ name: 'viewer', groups: ['system:authenticated'] }],
    controllers: ['clusterrole-aggregation-controller'],
  });
  admin = await connect(plane.kubeconfig());
});

after(async () => {
  admin[Symbol.dispose]();
  await plane[Symbol.asyncDispose]();
});

async function connect(kubeconfig: string): Promise<KubeClient> {
  const connection = await kubeconfigConnection({ path: kubeconfig, environment: {} });
  return KubeClient.connect(connection, { fieldManager: 'test' });
}

const apply = (...more: readonly string[]) =>
  plane.kubectl(['apply', '--server-side', '--validate=strict', '-k', deployDirectory, ...more]);

/** What the API server has of all that is applied, with the versions. */
async function applied(): Promise<readonly string[]> {
  const { stdout } = await plane.kubectl([
    'get',
    '-k',
    deployDirectory,
    '--output=jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}',
  ]);
  return stdout.trim().split('\n');
}

test('everything applies, and again nothing changes', async () => {
  const { stdout, stderr } = await apply();
  assert.equal(stderr, '');
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, readManifests().length);
  assert.deepEqual(
    lines.filter((line) => !line.endsWith('serverside-applied')),
    [],
  );
  // The API server itself writes the CRDs' status once they are established.
  await plane.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
  const first = await applied();
  await apply();
  assert.deepEqual(await applied(), first);
  await apply('--dry-run=server');
});

type Access = readonly [verb: string, resource: string, name?: string | undefined, where?: string];

async function may(user: string, groups: string[], access: Access): Promise<boolean> {
  const [verb, what, name, where] = access;
  const [resource = '', ...rest] = what.split('.');
  const [plural = '', subresource] = resource.split('/');
  const review = await admin.create(reviews, {
    spec: {
      user,
      groups,
      resourceAttributes: {
        verb,
        group: rest.join('.'),
        resource: plural,
        ...(subresource === undefined ? {} : { subresource }),
        ...(name === undefined ? {} : { name }),
        ...(where === undefined ? {} : { namespace: where }),
      },
    },
  });
  return review.status?.allowed ?? false;
}

const accounts: readonly {
  readonly account: string;
  readonly may: readonly Access[];
  readonly mayNot: readonly Access[];
}[] = [
  {
    account: 'fairlead-agent',
    may: [
      ...['services', 'nodes', 'namespaces', 'endpointslices.discovery.k8s.io'].flatMap(reading),
      ...['addresspools', 'announcements', 'nodereports'].map(own).flatMap(reading),
      ['create', own('nodereports')],
      ['patch', own('nodereports'), 'n1'],
      ['get', 'secrets', 'membership', namespace],
      ['watch', 'secrets', 'membership', namespace],
    ],
    mayNot: [
      ['get', 'secrets', 'other', namespace],
      ['get', 'secrets', 'membership', 'default'],
      ['list', 'secrets', undefined, namespace],
      ['create', 'secrets', undefined, namespace],
      ['patch', 'secrets', 'membership', namespace],
      ['update', 'services', 'web', 'default'],
      ['patch', 'services', 'web', 'default'],
      ['patch', 'services/status', 'web', 'default'],
      ['patch', 'nodes', 'n1'],
      ['patch', 'nodes/status', 'n1'],
      ['list', 'pods'],
      ['create', 'pods', undefined, namespace],
      ['patch', own('addresspools'), 'lan'],
      ['delete', own('addresspools'), 'lan'],
      ['patch', own('addresspools/status'), 'lan'],
      ['create', own('announcements')],
      ['delete', own('nodereports'), 'n1'],
      ['update', own('nodereports'), 'n1'],
      ['get', 'leases.coordination.k8s.io', 'fairlead-controller', namespace],
      ['create', 'serviceaccounts/token', 'fairlead-controller', namespace],
      ['impersonate', 'serviceaccounts', 'fairlead-controller', namespace],
    ],
  },
  {
    account: 'fairlead-controller',
    may: [
      ...['services', 'nodes', 'namespaces', 'endpointslices.discovery.k8s.io'].flatMap(reading),
      ...['addresspools', 'announcements', 'nodereports'].map(own).flatMap(reading),
      ['patch', 'services/status', 'web', 'default'],
      ['patch', own('addresspools/status'), 'lan'],
      ['create', 'events.events.k8s.io', undefined, 'default'],
      ['patch', 'events.events.k8s.io', 'web.1', 'default'],
      ['create', 'leases.coordination.k8s.io', undefined, namespace],
      ['get', 'leases.coordination.k8s.io', 'fairlead-controller', namespace],
      ['update', 'leases.coordination.k8s.io', 'fairlead-controller', namespace],
      ['create', 'secrets', undefined, namespace],
      ['get', 'secrets', 'membership', namespace],
      ['watch', 'secrets', 'membership', namespace],
    ],
    mayNot: [
      ['update', 'services', 'web', 'default'],
      ['patch', 'services', 'web', 'default'],
      ['delete', 'services', 'web', 'default'],
      ['get', 'secrets', 'other', namespace],
      ['get', 'secrets', 'membership', 'default'],
      ['list', 'secrets'],
      ['create', 'secrets', undefined, 'default'],
      ['update', 'secrets', 'membership', namespace],
      ['delete', 'secrets', 'membership', namespace],
      ['update', 'leases.coordination.k8s.io', 'other', namespace],
      ['create', 'leases.coordination.k8s.io', undefined, 'kube-system'],
      ['patch', own('addresspools'), 'lan'],
      ['delete', own('addresspools'), 'lan'],
      ['patch', own('announcements'), 'a'],
      ['create', own('nodereports')],
      ['patch', own('nodereports'), 'n1'],
      ['delete', own('nodereports'), 'n1'],
      ['patch', 'nodes', 'n1'],
      ['list', 'pods'],
      ['create', 'serviceaccounts/token', 'fairlead-agent', namespace],
      ['bind', 'clusterroles.rbac.authorization.k8s.io', 'cluster-admin'],
    ],
  },
];

function own(resource: string): string {
  return `${resource}.fairlead.dev`;
}

function reading(resource: string): Access[] {
  return ['get', 'list', 'watch'].map((verb) => [verb, resource]);
}

describe('least privilege', () => {
  for (const { account, may: allowed, mayNot } of accounts) {
    test(`${account} may do its work and no more`, async () => {
      const user = `system:serviceaccount:${namespace}:${account}`;
      const groups = [
        'system:serviceaccounts',
        `system:serviceaccounts:${namespace}`,
        'system:authenticated',
      ];
      const wrong: string[] = [];
      for (const [expected, table] of [
        [true, allowed],
        [false, mayNot],
      ] as const) {
        for (const access of table) {
          if ((await may(user, groups, access)) !== expected) {
            wrong.push(`${expected ? 'may not' : 'may'} ${access.join(' ')}`);
          }
        }
      }
      assert.deepEqual(wrong, []);
    });
  }

  test('whoever may view sees our objects, and no nodes by us', async () => {
    await plane.kubectl([
      'create',
      'clusterrolebinding',
      'v',
      '--clusterrole=view',
      '--user=viewer',
    ]);
    await waitFor(() => may('viewer', [], ['list', own('addresspools')]), {
      what: 'the role view to have our rules',
      deadlineMs: 15_000,
      everyMs: 100,
    });
    assert.equal(await may('viewer', [], ['list', own('nodereports')]), true);
    assert.equal(await may('viewer', [], ['list', 'nodes']), false);
    assert.equal(await may('viewer', [], ['patch', own('addresspools'), 'lan']), false);
  });
});

describe('an agent writes the report of its own node only', () => {
  const status = { version: '0.1.0', class: 'Active' };
  const report = (name: string) => ({ metadata: { name }, status });

  before(async () => {
    for (const name of ['n1', 'n2']) {
      const node = JSON.stringify(nodeObject({ name, addresses: ['192.0.2.11'] }));
      await plane.kubectl(['create', '--filename=-'], { input: node });
    }
    // Policies are in force a moment after they were made.
    using unbound = await agentOf(undefined);
    await waitFor(async () => (await refusal(unbound.apply(nodeReports, report('n1')))) !== '', {
      what: 'the policy to be in force',
      deadlineMs: 15_000,
      everyMs: 100,
    });
    await admin.delete(nodeReports, { name: 'n1' });
  });

  async function agentOf(node: string | undefined): Promise<KubeClient> {
    return connect(
      await serviceAccountKubeconfig(plane, { namespace, name: 'fairlead-agent', node }),
    );
  }

  async function refusal(call: Promise<unknown>): Promise<string> {
    try {
      await call;
      return '';
    } catch (error) {
      assert.ok(error instanceof ApiError, String(error));
      return error.message;
    }
  }

  test('made and changed by the agent of that node', async () => {
    using n1 = await agentOf('n1');
    assert.equal(await refusal(n1.apply(nodeReports, report('n1'))), '');
    const changed = { ...report('n1'), status: { ...status, class: 'Out' } };
    assert.equal(await refusal(n1.apply(nodeReports, changed)), '');
  });

  test('refused: that of another node, new or there already', async () => {
    using n1 = await agentOf('n1');
    using n2 = await agentOf('n2');
    const foreign = /NodeReport n2 belongs to the agent of that node, .* bound to node n1/u;
    assert.match(await refusal(n1.apply(nodeReports, report('n2'))), foreign);
    await n2.apply(nodeReports, report('n2'));
    const changed = { ...report('n2'), status: { ...status, class: 'Out' } };
    assert.match(await refusal(n1.apply(nodeReports, changed, { force: true })), foreign);
  });

  test('refused: with a token that is bound to no node', async () => {
    using unbound = await agentOf(undefined);
    assert.match(await refusal(unbound.apply(nodeReports, report('n1'))), /bound to no node/u);
  });

  test('an administrator may remove any', async () => {
    assert.equal(await admin.delete(nodeReports, { name: 'n2' }), true);
  });
});
