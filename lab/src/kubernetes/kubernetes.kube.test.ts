import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Lab, startPodServer, waitFor } from '../index.ts';
import {
  KubernetesControlPlane,
  nodeObject,
  podObject,
  podStatus,
  serviceObject,
  startKubeProxy,
} from './index.ts';

const status = (kind: string, name: string, value: unknown): string[] => [
  'patch',
  kind,
  name,
  '--subresource=status',
  '--type=merge',
  `--patch=${JSON.stringify({ status: value })}`,
];

test('a control plane in this namespace leaves nothing behind', async () => {
  let directory: string;
  let pids: number[];
  {
    await using lo = await Lab.create({ name: 'lo' });
    const host = await lo.client('api', { nics: [] });
    await host.exec(['ip', 'link', 'set', 'lo', 'up']);
    await using plane = await KubernetesControlPlane.start({ host });
    directory = host.directory;
    pids = [plane.apiServer.pid, plane.etcd.pid];
    const { stdout } = await plane.kubectl(['get', 'namespaces', '--output=name']);
    assert.match(stdout, /namespace\/default/u);
  }
  assert.ok(!existsSync(directory));
  for (const pid of pids) assert.throws(() => process.kill(pid, 0), /ESRCH/u);
});

test('a cluster in a lab: kube-proxy brings connections to a pod, in both modes', async () => {
  await using lab = await Lab.create({ name: 'kubernetes' });
  const lan = await lab.switch('lan');
  const nic = (address: string) => ({ nics: [{ switch: lan, addresses: [`${address}/24`] }] });
  const api = await lab.client('api', nic('192.0.2.2'));
  await using plane = await KubernetesControlPlane.start({
    host: api,
    address: '192.0.2.2',
    authorization: 'RBAC',
    users: [{ name: 'kube-proxy', groups: ['system:node-proxier'] }],
    controllers: true,
  });
  const kubectl = async (args: readonly string[], object?: object): Promise<string> =>
    (await plane.kubectl(args, { input: object && JSON.stringify(object) })).stdout;
  const create = (object: object): Promise<string> => kubectl(['create', '--filename=-'], object);
  await create({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'kube-proxy' },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: 'system:node-proxier',
    },
    subjects: [{ kind: 'User', name: 'kube-proxy', apiGroup: 'rbac.authorization.k8s.io' }],
  });
  const nodes = [];
  for (const [name, address, podPrefix] of [
    ['n1', '192.0.2.11', '10.244.1.0/24'],
    ['n2', '192.0.2.12', '10.244.2.0/24'],
  ] as const) {
    nodes.push(await lab.node(name, { ...nic(address), podPrefixes: [podPrefix] }));
    const object = nodeObject({ name, addresses: [address] });
    await create(object);
    await kubectl(status('node', name, object.status));
  }
  const [n1, n2] = nodes;
  assert.ok(n1 !== undefined && n2 !== undefined);
  const pod = await n2.pod('web-1', { addresses: ['10.244.2.5'] });
  await startPodServer(pod, { ports: [8080] });
  const labels = { app: 'web' };
  await create(
    serviceObject({
      name: 'web',
      selector: labels,
      ports: [{ port: 80, targetPort: 8080 }],
    }),
  );
  await create(podObject({ name: 'web-1', node: 'n2', labels, ports: [{ port: 8080 }] }));
  await kubectl(status('pod', 'web-1', podStatus(['10.244.2.5'])));
  await waitFor(
    async () => {
      const slices = await kubectl(['get', 'endpointslices', '--output=json']);
      return slices.includes('10.244.2.5');
    },
    { what: 'the endpoint slice', deadlineMs: 15_000, everyMs: 200 },
  );
  // Cluster addresses must be routed somewhere, as by the default route of a real node.
  await n1.exec(['ip', 'route', 'add', '10.96.0.0/16', 'via', '192.0.2.2']);
  const address = await kubectl(['get', 'service', 'web', '--output=jsonpath={.spec.clusterIP}']);
  const connect = `
    const socket = require('node:net').connect(80, ${JSON.stringify(address)});
    socket.on('data', (bytes) => { console.log(String(bytes)); process.exit(); });
    socket.on('error', (error) => { console.error(error.message); process.exit(1); });
    socket.setTimeout(1000, () => process.exit(1));
    socket.write('hello\\n');
  `;
  const kubeconfig = plane.kubeconfig('kube-proxy');
  const answers = async (): Promise<boolean> => {
    const asked = await n1.exec([process.execPath, '--eval', connect], { mayFail: true });
    return asked.code === 0 && asked.stdout.includes('web-1');
  };
  for (const mode of ['nftables', 'iptables'] as const) {
    assert.equal(await answers(), false, 'nobody else does its work');
    const proxy = await startKubeProxy({ host: n1, mode, kubeconfig });
    await waitFor(answers, { what: `an answer through kube-proxy (${mode})`, deadlineMs: 15_000 });
    await proxy[Symbol.asyncDispose]();
    await n1.exec(['nft', 'flush', 'ruleset']);
  }
});
