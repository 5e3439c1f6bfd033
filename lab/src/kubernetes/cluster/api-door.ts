import { kubeconfigConnection, KubeClient } from '@fairlead/kube';
import type { KubernetesControlPlane } from '../control-plane.ts';

/** A client that may do everything, from outside the lab's networks. */
export async function openApi(plane: KubernetesControlPlane): Promise<KubeClient> {
  const { socketPath } = await plane.openDoor();
  const connection = await kubeconfigConnection({ path: plane.kubeconfig(), environment: {} });
  return KubeClient.connect({ ...connection, socketPath }, { fieldManager: 'lab' });
}
