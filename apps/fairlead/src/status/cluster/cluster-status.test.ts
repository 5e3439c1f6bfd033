import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Condition, NodeReportStatus } from '@fairlead/cluster';
import type { IpAddress } from '@fairlead/ip';
import { bucketCount, bucketOf } from '@fairlead/membership';
import type { Node, Service } from 'kubernetes-types/core/v1.d.ts';
import { renderStatus } from '../render.ts';
import { clusterStatus } from './cluster-status.ts';
import type { ClusterObjects } from './objects.ts';

const address = '192.0.2.100';
const nowMs = Date.UTC(2026, 0, 1, 0, 1);

function condition(type: string, status: Condition['status'], message = ''): Condition {
  const lastTransitionTime = '2026-01-01T00:00:00Z';
  return { type: `fairlead.dev/${type}`, status, reason: 'Because', message, lastTransitionTime };
}

function service(name: string, more: { spec?: object; status?: object } = {}): Service {
  return {
    metadata: { name, namespace: 'default', uid: name, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { type: 'LoadBalancer', ports: [{ port: 80, protocol: 'TCP' }], ...more.spec },
    status: { loadBalancer: {}, ...more.status },
  };
}

const served = {
  loadBalancer: { ingress: [{ ip: address }] },
  conditions: [condition('Allocated', 'True'), condition('Announced', 'True')],
};

function node(name: string): Node {
  return {
    metadata: { name, labels: {} },
    status: { addresses: [], conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

function report(name: string, more: Partial<NodeReportStatus> = {}) {
  const status: NodeReportStatus = {
    version: '0.1.0',
    class: 'Active',
    interfaces: [{ name: 'eth0', mac: '52:54:00:00:00:01', addresses: ['192.0.2.11/24'] }],
    gateways: [],
    held: [],
    sessions: [],
    dataPath: { attach: 'TCX', landing: true },
    problems: [],
    ...more,
  };
  return { metadata: { name }, status };
}

function holding(...held: readonly string[]): NodeReportStatus['held'] {
  const bytes = new Uint8Array(bucketCount / 8);
  for (const each of held) {
    const bucket = bucketOf(each as IpAddress);
    bytes[bucket >> 3] = 1 << (bucket & 7);
  }
  const buckets = Buffer.from(bytes).toString('base64');
  const since = '2026-01-01T00:00:00Z';
  return [{ announcement: '', interface: 'eth0', count: held.length, buckets, since }];
}

const lan = {
  metadata: { name: 'lan', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { addresses: ['192.0.2.100-192.0.2.109'] },
};

function statusOf(objects: Partial<ClusterObjects>) {
  return clusterStatus({
    objects: {
      Service: [],
      EndpointSlice: [],
      Node: [node('a'), node('b')],
      AddressPool: [lan],
      Announcement: [],
      NodeReport: [report('a'), report('b')],
      ...objects,
    },
    server: 'https://192.0.2.2:6443/',
    version: '0.1.0',
    nowMs,
  });
}

test('owners come from reports, addresses from statuses, pods from slices', () => {
  const status = statusOf({
    Service: [service('web', { status: served })],
    EndpointSlice: [
      {
        metadata: {
          name: 'web-1',
          namespace: 'default',
          labels: { 'kubernetes.io/service-name': 'web' },
        },
        addressType: 'IPv4',
        ports: [{ port: 8080, protocol: 'TCP', name: '' }],
        endpoints: [{ addresses: ['10.244.1.5'], nodeName: 'a', conditions: { ready: true } }],
      },
    ],
    Node: [node('a'), node('b'), node('c')],
    NodeReport: [report('a'), report('b', { held: holding(address) })],
  });
  assert.equal(
    renderStatus(status),
    `The whole cluster, as https://192.0.2.2:6443/ has it

SERVICE      ADDRESS      PORTS   POLICY   OWNER  SINCE  PODS  STATE
default/web  192.0.2.100  80/TCP  Cluster  b      60s    a:1   answered for

NODE  LIVE  INTERFACES  ADDRESSES  AGENT
a     yes   eth0        0          0.1.0, active
b     yes   eth0        1          0.1.0, active
c     no    -           0          has not reported: does it run there?
`,
  );
});

test('an Announcement has buckets of its own', () => {
  const Announcement = [{ metadata: { name: 'edge' }, spec: { pools: ['lan'] } }];
  const [held] = holding(address);
  assert.ok(held !== undefined);
  const Service = [service('web', { status: served })];
  const owner = (announcement: string) =>
    statusOf({
      Service,
      Announcement,
      NodeReport: [report('a', { held: [{ ...held, announcement }] })],
    }).services[0]?.addresses[0]?.owner;
  assert.equal(owner('edge'), 'a');
  assert.equal(owner(''), undefined);
});

test('conditions that do not hold are told, each with its words', () => {
  const { services, problems } = statusOf({
    Service: [
      service('web', {
        status: { conditions: [condition('Allocated', 'False', 'No pool has a free address.')] },
      }),
    ],
    AddressPool: [
      { ...lan, status: { conditions: [condition('Ready', 'False', 'It overlaps another.')] } },
    ],
  });
  assert.deepEqual(services[0]?.problems, [
    {
      object: 'Service/default/web',
      field: 'status.conditions[fairlead.dev/Allocated]',
      value: 'Because',
      message: 'No pool has a free address.',
    },
  ]);
  assert.deepEqual(
    problems.map(({ object, message }) => [object, message]),
    [['AddressPool/lan', 'It overlaps another.']],
  );
});

test('what a Service lacks is told, though it has an address', () => {
  const inPart = { ...condition('Allocated', 'True', 'No IPv6.'), reason: 'AllocatedInPart' };
  const { services } = statusOf({
    Service: [service('web', { status: { ...served, conditions: [inPart] } })],
  });
  assert.equal(services[0]?.addresses[0]?.address, address);
  assert.equal(services[0]?.problems[0]?.message, 'No IPv6.');
});

test('a Service that is refused is there, with why', () => {
  const bad = service('web', {
    spec: { loadBalancerSourceRanges: ['nonsense'] },
    status: { conditions: [condition('Allocated', 'False', 'nonsense is no network.')] },
  });
  const { services, problems } = statusOf({ Service: [bad] });
  assert.deepEqual(
    services.map(({ service: key, addresses, ports }) => [key, addresses, ports]),
    [['default/web', [], ['80/TCP']]],
  );
  assert.equal(services[0]?.problems[0]?.message, 'nonsense is no network.');
  assert.deepEqual(problems, [], 'once is enough');
});

test('whose Services', () => {
  const cases: readonly (readonly [what: string, Service, shown: boolean])[] = [
    ['without a class, new', service('a'), true],
    [
      'without a class, with an address from somebody else',
      service('b', { status: { loadBalancer: served.loadBalancer } }),
      false,
    ],
    ['ours', service('c', { spec: { loadBalancerClass: 'fairlead.dev/lb' } }), true],
    ['of another class', service('d', { spec: { loadBalancerClass: 'metallb' } }), false],
    ['no load balancer', service('e', { spec: { type: 'ClusterIP' } }), false],
  ];
  for (const [what, object, shown] of cases) {
    const { services } = statusOf({ Service: [object] });
    assert.equal(services.length, shown ? 1 : 0, what);
    if (shown) assert.match(services[0]?.problems[0]?.message ?? '', /No controller/u);
  }
});

test('what several agents say in the same words is told once', () => {
  const problem = { object: 'Service/default/web', field: '', value: address, message: 'Off.' };
  const own = { object: 'Node/a', field: '', value: '', message: 'Mend it.' };
  const { problems } = statusOf({
    NodeReport: [report('a', { problems: [problem, own] }), report('b', { problems: [problem] })],
  });
  assert.deepEqual(
    problems.map(({ message }) => message),
    ['Off. (The agent of a, b says so.)', 'Mend it.'],
  );
});

test('an object that neither controller nor agents speak of is judged by itself', () => {
  const Announcement = [{ metadata: { name: 'edge' }, spec: { pools: ['gone'] } }];
  const { problems } = statusOf({ Announcement });
  assert.deepEqual(
    problems.map(({ object, field, value }) => [object, field, value]),
    [['Announcement/edge', 'spec.pools[0]', 'gone']],
  );
});
