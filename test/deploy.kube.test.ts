/** What `deploy/` makes of a cluster: applied to a real API server with RBAC. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { SubjectAccessReview } from 'kubernetes-types/authorization/v1.d.ts';
import { ApiError, defineResource, KubeClient, kubeconfigConnection } from '@fairlead/kube';
import {
  KubernetesControlPlane,
  nodeObject,
  serviceAccountKubeconfig,
  serviceObject,
} from '@fairlead/lab/kubernetes';
import { waitFor } from '@fairlead/lab';
import type { ClusterRole } from 'kubernetes-types/rbac/v1.d.ts';
import { deployDirectory, manifest, readManifests } from './manifests.ts';
import { requestsOutside, unusedRules } from './role-rules.ts';

const namespace = 'fairlead-system';
const executable = join(import.meta.dirname, '..', 'bin', 'fairlead');
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
    users: ['viewer', 'operator'].map((name) => ({ name, groups: ['system:authenticated'] })),
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

/** What `fairlead status` says at a terminal. */
async function fairleadStatus(kubeconfig: string): Promise<{ code: number | null; text: string }> {
  const argv = [executable, 'status', '--kubeconfig', kubeconfig] as const;
  const { code, stdout, stderr } = await plane.host.exec(argv, { mayFail: true });
  return { code, text: `${stdout}${stderr}` };
}

test('status of a cluster without Fairlead says how to install it', async () => {
  const { code, text } = await fairleadStatus(plane.kubeconfig());
  assert.equal(code, 1);
  assert.match(
    text,
    /has no addresspools\.fairlead\.dev, announcements.*kubectl apply --server-side -k deploy/u,
  );
});

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

test('what cleans nodes applies, too', async () => {
  const directory = join(deployDirectory, 'cleanup');
  const flags = ['--server-side', '--validate=strict', '--dry-run=server'];
  const { stdout, stderr } = await plane.kubectl(['apply', ...flags, '-k', directory]);
  assert.equal(stderr, '');
  assert.match(stdout, /daemonset\.apps\/fairlead-cleanup/u);
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
      ...['services', 'nodes', 'endpointslices.discovery.k8s.io'].flatMap(reading),
      ...['addresspools', 'announcements', 'nodereports'].map(own).flatMap(reading),
      ['list', 'namespaces', 'kube-system'],
      ['watch', 'namespaces', 'kube-system'],
      ['get', 'nodes', 'n1'],
      ['create', own('nodereports')],
      ['patch', own('nodereports'), 'n1'],
      ['list', 'secrets', 'membership', namespace],
      ['watch', 'secrets', 'membership', namespace],
    ],
    mayNot: [
      ...reading('namespaces'),
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
  return ['list', 'watch'].map((verb) => [verb, resource]);
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

describe('fairlead status through the API server', () => {
  test('without a role it names what is forbidden, and the role', async () => {
    const { code, text } = await fairleadStatus(plane.kubeconfig('operator'));
    assert.equal(code, 1);
    assert.match(text, /you may not list services, .*nodereports\.fairlead\.dev.*fairlead-viewer/u);
  });

  test('with the role fairlead-viewer it shows Services, owners, nodes; and uses the whole role', async () => {
    const bound = ['--clusterrole=fairlead-viewer', '--user=operator'];
    await plane.kubectl(['create', 'clusterrolebinding', 'operator', ...bound]);
    await create({
      apiVersion: 'fairlead.dev/v1alpha1',
      kind: 'AddressPool',
      metadata: { name: 'lan' },
      spec: { addresses: ['192.0.2.100-192.0.2.109'] },
    });
    await create(serviceObject({ name: 'web', selector: { app: 'web' }, ports: [{ port: 80 }] }));
    await using proxy = await plane.startProxy('status');
    const { code, text } = await fairleadStatus(plane.kubeconfig('operator', proxy.server));
    assert.equal(code, 0, text);
    assert.match(text, /^default\/web +<none> +80\/TCP +Cluster +<none>/mu);
    assert.match(text, /^n1 +yes .*0\.1\.0, out/mu);
    assert.match(text, /^n2 +no .*has not reported/mu);
    assert.match(text, /Service\/default\/web .*No controller has looked at it yet/u);
    const { rules } = manifest('ClusterRole', 'fairlead-viewer') as ClusterRole;
    const requests = await proxy.requests();
    assert.deepEqual(requestsOutside(rules ?? [], requests), []);
    // People look at single objects, too.
    const unused = unusedRules(rules ?? [], requests).filter((rule) => !rule.startsWith('get '));
    assert.deepEqual(unused, []);
  });

  test('an API server that is away is named, and whom to ask instead', async () => {
    await using proxy = await plane.startProxy('away');
    await proxy.cut();
    const { code, text } = await fairleadStatus(plane.kubeconfig('operator', proxy.server));
    assert.equal(code, 1);
    assert.ok(text.includes(proxy.server), text);
    assert.match(text, /does not answer as it should: .*--state-dir \/run\/fairlead/u);
  });

  async function create(object: object): Promise<void> {
    await plane.kubectl(['create', '--filename=-'], { input: JSON.stringify(object) });
  }
});
