import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lostAttempts, startConnector, waitFor, type Host, type Node } from '@fairlead/lab';
import type { KubernetesCluster } from '@fairlead/lab/kubernetes';

const CONNECTIONS = 20;
/** Somebody routes them to a node; no pool has them. */
const EXTERNAL = '198.51.100.9';

const names = { cluster: 'beside', local: 'beside-local', bare: 'beside-bare' } as const;

/** One Service with all that kube-proxy offers, one of policy Local, one without node ports. */
export async function addKubeProxyServices(cluster: KubernetesCluster): Promise<void> {
  await cluster.service({ name: names.cluster, spec: { externalIPs: [EXTERNAL] } });
  await cluster.service({ name: names.local, policy: 'Local' });
  await cluster.service({ name: names.bare, spec: { allocateLoadBalancerNodePorts: false } });
}

export function testThatKubeProxyGoesOn(clusterOf: () => KubernetesCluster): void {
  void test('cluster addresses, from a node without a pod and from a pod', async () => {
    const cluster = clusterOf();
    const { clusterIPs = [] } = (await cluster.serviceObject(names.cluster)).spec ?? {};
    assert.equal(clusterIPs.length, 2);
    const { node, pod } = ends(cluster);
    for (const from of [node, pod]) await reaches(from, clusterIPs, 80);
  });

  void test('node ports, at a node without a pod', async () => {
    const cluster = clusterOf();
    const { ports = [] } = (await cluster.serviceObject(names.cluster)).spec ?? {};
    const { node } = ends(cluster);
    const addresses = [node.addressOf(4), node.addressOf(6)].map(String);
    for (const { protocol, nodePort = 0 } of ports) {
      const asked = protocol === 'UDP' ? 'udp' : 'tcp';
      await reaches(cluster.client, addresses, nodePort, [asked]);
    }
  });

  void test('external addresses', async () => {
    const cluster = clusterOf();
    const { node } = ends(cluster);
    const via = String(node.addressOf(4));
    await cluster.client.exec(['ip', 'route', 'replace', EXTERNAL, 'via', via]);
    await reaches(cluster.client, [EXTERNAL], 80);
  });

  void test('the health check of a Service of policy Local', async () => {
    const cluster = clusterOf();
    const { healthCheckNodePort } = (await cluster.serviceObject(names.local)).spec ?? {};
    for (const node of cluster.nodes) {
      const url = `http://${node.addressOf(4)}:${healthCheckNodePort}/healthz`;
      const expected = node.pods.length > 0 ? '200' : '503';
      await waitFor(async () => (await httpStatus(cluster.client, url)) === expected, {
        what: `${url} to say ${expected}`,
        deadlineMs: 15_000,
        everyMs: 100,
      });
    }
  });

  void test('a Service without node ports has addresses all the same', async () => {
    const cluster = clusterOf();
    const { ports = [] } = (await cluster.serviceObject(names.bare)).spec ?? {};
    assert.deepEqual(
      ports.map(({ nodePort }) => nodePort),
      [undefined, undefined],
    );
    const addresses = await cluster.allocated(names.bare);
    for (const address of addresses) await cluster.owner(address);
    await reaches(cluster.client, addresses, 80);
  });
}

/** A node without a pod, and a pod elsewhere. */
function ends({ nodes, pods }: KubernetesCluster): { readonly node: Node; readonly pod: Host } {
  const node = nodes.find((each) => each.pods.length === 0);
  const [pod] = pods;
  if (node === undefined || pod === undefined) throw new RangeError('a node without a pod, a pod');
  return { node, pod };
}

async function reaches(
  from: Host,
  addresses: readonly string[],
  port: number,
  protocols: readonly ('tcp' | 'udp')[] = ['tcp', 'udp'],
): Promise<void> {
  await using connector = await startConnector(from, {
    addresses,
    port,
    protocols,
    count: CONNECTIONS,
    patienceMs: 2_000,
  });
  await connector.process.exited;
  const attempts = await connector.stop();
  assert.equal(attempts.length, CONNECTIONS * addresses.length * protocols.length);
  assert.deepEqual(lostAttempts(attempts), [], `${addresses.join(', ')} port ${port}`);
}

async function httpStatus(from: Host, url: string): Promise<string> {
  const quiet = ['--silent', '--output', '/dev/null', '--write-out', '%{http_code}'];
  return (await from.exec(['curl', ...quiet, url], { mayFail: true })).stdout;
}
