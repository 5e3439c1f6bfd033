import { join } from 'node:path';
import type { KubernetesControlPlane } from '../control-plane.ts';

const deploy = join(import.meta.dirname, '..', '..', '..', '..', 'deploy');

/** Where Fairlead's own objects are. */
export const OWN_NAMESPACE = 'fairlead-system';

/** Installs Fairlead as a person does. No kubelet starts its pods: the lab does. */
export async function install(plane: KubernetesControlPlane): Promise<void> {
  await plane.kubectl(['apply', '--server-side', '--kustomize', deploy]);
}
