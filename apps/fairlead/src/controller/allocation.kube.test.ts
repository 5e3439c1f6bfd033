import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { ownResources } from '@fairlead/cluster';
import { defineResource, resources, type KubeObject } from '@fairlead/kube';
import { nodeObject } from '@fairlead/lab/kubernetes';
import { ControlledCluster, type RunningController } from './testing/controlled-cluster.ts';

let cluster: ControlledCluster;
let controller: RunningController;

before(async () => {
  cluster = await ControlledCluster.start();
  controller = await cluster.startController();
  await controller.leads();
});
after(async () => await cluster[Symbol.asyncDispose]());
afterEach(async () => await cluster.clear());

const admission = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  namespaced: false,
} as const;
const policies = defineResource<KubeObject>({
  ...admission,
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
});
const policyBindings = defineResource<KubeObject>({
  ...admission,
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
});

const web = { namespace: 'default', name: 'web' };
const requesting = (addresses: string) => ({
  annotations: { 'fairlead.dev/addresses': addresses },
});

async function ingressOf(name: string): Promise<unknown> {
  const { status } = await cluster.client.get(resources.services, { namespace: 'default', name });
  return status?.loadBalancer?.ingress;
}

test('a Service gets an address, says so, and has an event', async () => {
  await cluster.putPool('lan', ['192.0.2.100-192.0.2.101']);
  await cluster.createService('web');
  const { addresses, conditions } = await cluster.allocated('web');
  assert.match(addresses.join(), /^192\.0\.2\.10[01]$/u);
  assert.equal(conditions['Allocated']?.message, `${addresses[0]} from pool lan.`);
  assert.deepEqual(
    [conditions['Announced']?.status, conditions['Announced']?.reason],
    ['Unknown', 'NoAgents'],
  );
  assert.deepEqual(await ingressOf('web'), [{ ip: addresses[0], ipMode: 'VIP' }]);
  assert.match(await cluster.event('Service', 'web', 'Allocated'), /from pool lan/u);
});

test('a pool that comes later, and one that is edited: who waits is served, who has keeps', async () => {
  await cluster.createService('web');
  await cluster.serviceWith('web', 'waits', ({ conditions }) => {
    return conditions['Allocated']?.reason === 'NoAddressPool';
  });
  await cluster.putPool('lan', ['192.0.2.100/32']);
  const { addresses } = await cluster.allocated('web');
  await cluster.createService('dns');
  await cluster.serviceWith('dns', 'finds the pool full', ({ conditions }) => {
    return /lan is full/u.test(conditions['Allocated']?.message ?? '');
  });
  await cluster.putPool('lan', ['192.0.2.96-192.0.2.111']);
  await cluster.allocated('dns');
  assert.deepEqual((await cluster.service('web')).addresses, addresses);
  // The pool no longer holds it.
  await cluster.putPool('lan', ['198.51.100.0/28']);
  await cluster.serviceWith('web', 'has moved', (seen) => {
    return seen.addresses[0]?.startsWith('198.51.100.') === true;
  });
  assert.match(
    await cluster.event('Service', 'web', 'AddressChanged'),
    /Before: 192\.0\.2\.100\./u,
  );
});

test('a deleted Service frees its address, one of another type as well', async () => {
  await cluster.putPool('lan', ['192.0.2.100/32']);
  await cluster.createService('first');
  await cluster.allocated('first');
  await cluster.createService('web');
  await cluster.deleteService('first');
  await cluster.allocated('web');
  await cluster.createService('next');
  await cluster.patchService('web', { spec: { type: 'ClusterIP' } });
  await cluster.allocated('next');
  const released = await cluster.serviceWith('web', 'is released', ({ conditions }) => {
    return Object.keys(conditions).length === 0;
  });
  assert.deepEqual(released.addresses, []);
  await cluster.event('Service', 'web', 'Released');
});

test('a Service that is deleted and made again at once is another one', async () => {
  await cluster.putPool('lan', ['192.0.2.100/32']);
  for (let round = 0; round < 10; round++) {
    const { metadata } = await cluster.createService('web');
    if (round % 2 === 0) await cluster.allocated('web');
    await cluster.deleteService('web');
    assert.ok(metadata?.uid !== undefined);
  }
  await cluster.createService('web');
  await cluster.allocated('web');
});

test('an address in reuseAfter is kept from others, but not from who had it', async () => {
  await cluster.putPool('lan', ['192.0.2.100/32'], { reuseAfter: '15s' });
  await cluster.createService('web');
  await cluster.allocated('web');
  await cluster.deleteService('web');
  await cluster.createService('other');
  await cluster.serviceWith('other', 'waits', ({ conditions }) => {
    return conditions['Allocated']?.reason === 'NoFreeAddress';
  });
  await cluster.createService('web');
  await cluster.allocated('web');
  await cluster.deleteService('web');
  await cluster.allocated('other', 60_000);
});

test('Services of another class and their statuses are left alone; what others write in ours stays', async () => {
  await cluster.putPool('lan', ['192.0.2.100-192.0.2.109']);
  await cluster.createService('foreign', { loadBalancerClass: 'example.com/other' });
  const foreign = await cluster.service('foreign');
  await cluster.createService('web', { loadBalancerClass: 'fairlead.dev/lb' });
  await cluster.allocated('web');
  const theirs = {
    type: 'example.com/Checked',
    status: 'True',
    reason: 'Checked',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };
  await cluster.client.apply(
    resources.services,
    { metadata: web, status: { conditions: [theirs] } } as KubeObject,
    { subresource: 'status', fieldManager: 'other' },
  );
  // A change of ours beside it.
  await cluster.patchService('web', { metadata: requesting('192.0.2.107') });
  const { conditions } = await cluster.serviceWith('web', 'has what it requests', (seen) => {
    return seen.addresses[0] === '192.0.2.107';
  });
  assert.deepEqual(Object.keys(conditions).sort(), [
    'Allocated',
    'Announced',
    'example.com/Checked',
  ]);
  await cluster.patchService('web', { spec: { type: 'ClusterIP', loadBalancerClass: null } });
  const released = await cluster.serviceWith('web', 'is released', (seen) => {
    return seen.conditions['Allocated'] === undefined;
  });
  assert.deepEqual(Object.keys(released.conditions), ['example.com/Checked']);
  assert.equal((await cluster.service('foreign')).version, foreign.version);
});

test('an address that somebody else wrote is adopted where the class is ours and a pool holds it', async () => {
  const write = async (name: string, ip: string): Promise<void> => {
    await cluster.client.mergePatch(
      resources.services,
      { namespace: 'default', name },
      { status: { loadBalancer: { ingress: [{ ip }] } } },
      { subresource: 'status' },
    );
  };
  await controller.stop();
  await cluster.createService('ours', { loadBalancerClass: 'fairlead.dev/lb' });
  await cluster.createService('anybodys');
  await write('ours', '192.0.2.103');
  await write('anybodys', '192.0.2.104');
  await cluster.putPool('lan', ['192.0.2.96-192.0.2.111']);
  controller = await cluster.startController();
  assert.deepEqual((await cluster.allocated('ours', 30_000)).addresses, ['192.0.2.103']);
  const { addresses } = await cluster.allocated('anybodys');
  assert.notDeepEqual(addresses, ['192.0.2.104']);
});

test('what cannot be used is said in words with field and value, and others go on', async () => {
  const { client } = cluster;
  const node = nodeObject({ name: 'n1', addresses: ['192.0.2.11'] });
  await client.create(resources.nodes, node);
  await client.mergePatch(
    resources.nodes,
    { name: 'n1' },
    { status: node.status },
    { subresource: 'status' },
  );
  await cluster.putPool('lan', ['192.0.2.0/28', '192.0.2.96-192.0.2.111']);
  await cluster.createService('good', requesting('192.0.2.100'));
  await cluster.allocated('good');
  const bad: readonly (readonly [
    string,
    Parameters<ControlledCluster['createService']>[1],
    string,
    RegExp,
  ])[] = [
    [
      'outside',
      requesting('203.0.113.9'),
      'RequestRefused',
      /annotations\[fairlead\.dev\/addresses\] "203\.0\.113\.9": Lies in no AddressPool\. Choose from lan/u,
    ],
    [
      'taken',
      requesting('192.0.2.100'),
      'RequestRefused',
      /"192\.0\.2\.100": Is held by Service\/default\/good/u,
    ],
    [
      'node',
      requesting('192.0.2.11'),
      'RequestRefused',
      /"192\.0\.2\.11": Is the address of Node\/n1/u,
    ],
    [
      'unreadable',
      requesting('192.0.2.x'),
      'Invalid',
      /annotations\[fairlead\.dev\/addresses\].*192\.0\.2\.x/u,
    ],
    [
      'pool',
      { annotations: { 'fairlead.dev/pool': 'wan' } },
      'RequestRefused',
      /annotations\[fairlead\.dev\/pool\] "wan": There is no AddressPool/u,
    ],
    ['v6', { families: ['IPv6'] }, 'NoFreeAddress', /lan has no IPv6 addresses/u],
  ];
  for (const [name, more, reason, message] of bad) {
    await cluster.createService(name, more);
    const { conditions } = await cluster.serviceWith(name, reason, (seen) => {
      return seen.conditions['Allocated']?.reason === reason;
    });
    assert.equal(conditions['Allocated']?.status, 'False', name);
    assert.match(conditions['Allocated'].message, message, name);
    assert.equal(conditions['Announced']?.reason, 'NotAllocated', name);
    assert.match(await cluster.event('Service', name, 'AllocationFailed'), message, name);
  }
  await cluster.createService('later');
  await cluster.allocated('later');
  assert.match(
    await poolMessage('lan', 'AddressInUse'),
    /spec\.addresses\[0\] "192\.0\.2\.0\/28": Holds addresses that are in use: 192\.0\.2\.11 of Node\/n1/u,
  );
  await cluster.event('AddressPool', 'lan', 'AddressInUse');
  await client.delete(resources.nodes, { name: 'n1' });
  await poolMessage('lan', 'Ready');
  await cluster.event('AddressPool', 'lan', 'Ready');
});

test('a Service that becomes unusable keeps its address, and nobody else gets it', async () => {
  await cluster.putPool('lan', ['192.0.2.100/32']);
  await cluster.createService('web');
  await cluster.allocated('web');
  await cluster.patchService('web', { metadata: requesting('nonsense') });
  const { addresses } = await cluster.serviceWith('web', 'is refused', ({ conditions }) => {
    return conditions['Allocated']?.reason === 'AddressKept';
  });
  assert.deepEqual(addresses, ['192.0.2.100']);
  await cluster.createService('other', requesting('192.0.2.100'));
  await cluster.serviceWith('other', 'is told who has it', ({ conditions }) => {
    return /Is held by Service\/default\/web/u.test(conditions['Allocated']?.message ?? '');
  });
  await cluster.patchService('web', { metadata: requesting('192.0.2.100') });
  assert.deepEqual((await cluster.allocated('web')).addresses, ['192.0.2.100']);
});

test('an address whose release a policy refuses is given to nobody, and people are told', async () => {
  await cluster.putPool('lan', ['192.0.2.100-192.0.2.101']);
  await cluster.createService('web', requesting('192.0.2.100'));
  await cluster.allocated('web');
  const rules = {
    apiGroups: [''],
    apiVersions: ['v1'],
    operations: ['UPDATE'],
    resources: ['services/status'],
  };
  await cluster.put(policies, {
    metadata: { name: 'freeze' },
    spec: {
      matchConstraints: { resourceRules: [rules] },
      validations: [{ expression: "object.metadata.name != 'web'", message: 'web is frozen' }],
    },
  } as KubeObject);
  await cluster.put(policyBindings, {
    metadata: { name: 'freeze' },
    spec: { policyName: 'freeze', validationActions: ['Deny'] },
  } as KubeObject);
  await cluster.until('the policy counts', async () => {
    const write = cluster.client.mergePatch(resources.services, web, {}, { subresource: 'status' });
    return await write.then(
      () => false,
      () => true,
    );
  });
  await cluster.patchService('web', { metadata: requesting('192.0.2.101') });
  await cluster.createService('other', requesting('192.0.2.100'));
  await cluster.serviceWith('other', 'is told who has it', ({ conditions }) => {
    return /Is held by Service\/default\/web/u.test(conditions['Allocated']?.message ?? '');
  });
  assert.match(await cluster.event('Service', 'web', 'StatusNotWritten'), /web is frozen/u);
  assert.deepEqual((await cluster.service('other')).addresses, []);
  await cluster.client.delete(policyBindings, { name: 'freeze' });
  await cluster.client.delete(policies, { name: 'freeze' });
  assert.deepEqual((await cluster.allocated('other')).addresses, ['192.0.2.100']);
  assert.deepEqual((await cluster.service('web')).addresses, ['192.0.2.101']);
});

/** Of two pools made within one second nobody can tell which is the older one. */
async function poolMessage(name: string, reason: string): Promise<string> {
  let message = '';
  const status = async (): Promise<boolean> => {
    const { status } = await cluster.client.get(ownResources.addressPools, { name });
    const [ready] =
      (status as { conditions?: { reason: string; message: string }[] })?.conditions ?? [];
    message = ready?.message ?? '';
    return ready?.reason === reason;
  };
  await cluster.until(`pool ${name} is ${reason}`, status);
  return message;
}

test('pools count what they have, and the newer of two that overlap is at fault', async () => {
  await cluster.putPool('a-lan', ['192.0.2.96-192.0.2.111']);
  await cluster.putPool('b-lan', ['192.0.2.104-192.0.2.119']);
  assert.match(
    await poolMessage('b-lan', 'Overlap'),
    /spec\.addresses\[0\].*Shares 192\.0\.2\.104-192\.0\.2\.111 with AddressPool\/a-lan/u,
  );
  await cluster.event('AddressPool', 'b-lan', 'Overlap');
  await poolMessage('a-lan', 'Ready');
  await cluster.createService('web', requesting('192.0.2.100'));
  await cluster.until('the pool counts it', async () => {
    const { status } = await cluster.client.get(ownResources.addressPools, { name: 'a-lan' });
    const { ipv4 } = status as { ipv4?: unknown };
    return JSON.stringify(ipv4) === JSON.stringify({ free: '15', total: '16', used: 1 });
  });
});

test('where an address is announced follows the reports of nodes, and a foreign host is named', async () => {
  await cluster.putPool('lan', ['192.0.2.96-192.0.2.111']);
  await cluster.createService('web');
  const { addresses } = await cluster.allocated('web');
  const report = (name: string, address: string, problems: readonly object[] = []) =>
    ({
      metadata: { name },
      status: {
        version: 'test',
        class: 'Active',
        interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', addresses: [address] }],
        gateways: ['192.0.2.1'],
        problems,
      },
    }) as KubeObject;
  for (const name of ['n1', 'n2']) {
    await cluster.client.create(resources.nodes, nodeObject({ name, addresses: [] }));
  }
  await cluster.put(ownResources.nodeReports, report('n1', '198.51.100.11/24'));
  const off = await cluster.serviceWith('web', 'is on no network', ({ conditions }) => {
    return conditions['Announced']?.reason === 'NotOnLink';
  });
  assert.match(off.conditions['Announced']?.message ?? '', /nodes have 198\.51\.100\.0\/24/u);
  await cluster.event('Service', 'web', 'AnnounceFailed');
  await cluster.put(ownResources.nodeReports, report('n2', '192.0.2.12/24'));
  const on = await cluster.serviceWith('web', 'is announced', ({ conditions }) => {
    return conditions['Announced']?.status === 'True';
  });
  assert.equal(on.conditions['Announced']?.message, `${addresses[0]} by ARP on 1 node (eth0).`);
  const conflict = {
    object: 'Service/default/web',
    field: 'status.loadBalancer.ingress',
    value: addresses[0],
    message: 'The host with MAC address 02:00:00:00:00:99 uses it too.',
  };
  await cluster.put(ownResources.nodeReports, report('n2', '192.0.2.12/24', [conflict]));
  await cluster.serviceWith('web', 'has a conflict', ({ conditions }) => {
    const announced = conditions['Announced'];
    return announced?.reason === 'AddressConflict' && announced.message.includes(':99');
  });
  await cluster.put(ownResources.nodeReports, report('n2', '192.0.2.12/24'));
  await cluster.serviceWith('web', 'is announced again', ({ conditions }) => {
    return conditions['Announced']?.status === 'True';
  });
  // A gateway's address is nobody's.
  await cluster.putPool('gateway', ['192.0.2.1/32']);
  assert.match(
    await poolMessage('gateway', 'AddressInUse'),
    /192\.0\.2\.1 of the gateway of Node\/n1/u,
  );
});

test('the key of the membership is made once, and never again while it is there', async () => {
  const name = { namespace: 'fairlead-system', name: 'membership' };
  const { data } = await cluster.client.get(resources.secrets, name);
  assert.match(Buffer.from(data?.['keys'] ?? '', 'base64').toString(), /^[0-9a-f]{64}\n$/u);
  assert.ok(!controller.process.stdout.text().includes(data?.['keys'] ?? '?'));
  await cluster.client.delete(resources.secrets, name);
  await cluster.until('it is made anew', async () => {
    const made = await cluster.client.find(resources.secrets, name);
    return made !== undefined && made.data?.['keys'] !== data?.['keys'];
  });
});
