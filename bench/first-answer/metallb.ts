import { join } from 'node:path';
import { endpointSlicesOf, type KubernetesCluster } from '@fairlead/lab/kubernetes';
import { resources, type KubeObject } from '@fairlead/kube';
import type { Contestant } from './contestant.ts';
import { goPrograms } from './go-programs.ts';

const VERSION = '0.15.2';
const NAMESPACE = 'metallb-system';

/**
 * Builds MetalLB as published, in layer 2: its controller, and a speaker on each node, with its own logs at their
 * default.
 */
export async function buildMetallb(): Promise<Contestant> {
  const { directory, sources } = await goPrograms('go.universe.tf/metallb', VERSION, [
    'controller',
    'speaker',
  ]);
  return {
    name: 'MetalLB',
    start: async (cluster, { addresses, services }) => {
      await install(cluster, join(sources, 'config', 'crd', 'bases'));
      await configure(cluster, addresses);
      for (const name of services) await writeEndpoints(cluster, name);
      await startPrograms(cluster, directory);
    },
  };
}

async function install(cluster: KubernetesCluster, definitions: string): Promise<void> {
  await cluster.kubectl(['apply', '--server-side', '-f', definitions]);
  await cluster.kubectl(['create', 'namespace', NAMESPACE]);
  await cluster.kubectl(['wait', '--for=condition=Established', 'crd', '--all']);
}

async function configure(cluster: KubernetesCluster, addresses: readonly string[]): Promise<void> {
  const ranges = addresses.map((address) => `${address}-${address}`);
  await write(cluster, metallbObject('IPAddressPool', { addresses: ranges }));
  await write(cluster, metallbObject('L2Advertisement', {}));
  await write(cluster, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'memberlist', namespace: NAMESPACE },
    stringData: { secretkey: 'sixteen bytes...' },
  });
  // Each speaker asks for its own pod.
  for (const { name } of cluster.nodes) {
    await write(cluster, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: speakerOf(name), namespace: NAMESPACE },
      spec: { nodeName: name, containers: [{ name: 'speaker', image: 'none' }] },
    });
  }
}

/** It announces no Service without endpoints. */
async function writeEndpoints(cluster: KubernetesCluster, name: string): Promise<void> {
  for (const slice of endpointSlicesOf({ name, pods: cluster.pods })) {
    await cluster.api.create(resources.endpointSlices, slice);
  }
}

async function startPrograms(cluster: KubernetesCluster, directory: string): Promise<void> {
  const environment = { KUBECONFIG: cluster.plane.kubeconfig(), METALLB_BGP_TYPE: 'native' };
  const namespace = `--namespace=${NAMESPACE}`;
  const alone = ['--webhook-mode=disabled', '--disable-cert-rotation'];
  await cluster.host.spawn([join(directory, 'controller'), namespace, ...alone], { environment });
  for (const node of cluster.nodes) {
    const own = [`--node-name=${node.name}`, `--pod-name=${speakerOf(node.name)}`];
    await node.spawn([join(directory, 'speaker'), namespace, ...own, '--host=127.0.0.1'], {
      environment,
    });
  }
}

function speakerOf(node: string): string {
  return `speaker-${node}`;
}

function metallbObject(kind: string, spec: object): KubeObject {
  const metadata = { name: 'lan', namespace: NAMESPACE };
  return { apiVersion: 'metallb.io/v1beta1', kind, metadata, spec } as KubeObject;
}

async function write(cluster: KubernetesCluster, object: object): Promise<void> {
  await cluster.kubectl(['apply', '--server-side', '-f', '-'], { input: JSON.stringify(object) });
}
