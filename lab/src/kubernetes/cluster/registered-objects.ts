import { resources, type KubeClient } from '@fairlead/kube';
import type { Node, Pod } from '../../node.ts';
import { nodeObject, podObject, podStatus } from '../objects.ts';

/** By which a lab's Services find its pods. */
export const podLabels = { app: 'web' } as const;

/** Registers a node and its pods, and says that they are ready, as a kubelet would. */
export async function registerNode(api: KubeClient, node: Node): Promise<void> {
  const addresses = node.nic.addresses.map(({ address }) => address);
  const object = nodeObject({ name: node.name, addresses });
  await api.create(resources.nodes, object);
  const status = { status: object.status };
  await api.mergePatch(resources.nodes, { name: node.name }, status, { subresource: 'status' });
  await Promise.all(node.pods.map((pod) => registerPod(api, pod)));
}

async function registerPod(api: KubeClient, { name, node, addresses }: Pod): Promise<void> {
  const object = podObject({ name, node: node.name, labels: podLabels });
  await api.create(resources.pods, object);
  const status = { status: podStatus(addresses) };
  const key = { namespace: 'default', name };
  await api.mergePatch(resources.pods, key, status, { subresource: 'status' });
}
