import { join } from 'node:path';
import type { KubernetesControlPlane } from '../control-plane.ts';

const deploy = join(import.meta.dirname, '..', '..', '..', '..', 'deploy');

/** Where Fairlead's own objects are. */
export const OWN_NAMESPACE = 'fairlead-system';

/** Installs Fairlead as a person does. No kubelet starts its pods: the lab does. */
export async function install(plane: KubernetesControlPlane): Promise<void> {
  await plane.kubectl(['apply', '--server-side', '--filename', join(deploy, 'crds')]);
}

/** The kubeconfig of one of Fairlead's service accounts, with a token as kubelets ask for. */
export async function accountKubeconfig(
  plane: KubernetesControlPlane,
  account: 'fairlead-agent' | 'fairlead-controller',
  options: {
    /** Of the file. */
    readonly name: string;
    /** The API server, or what stands for it. */
    readonly server: string;
    /** On which its pod runs. */
    readonly node?: string | undefined;
  },
): Promise<string> {
  const { name, server, node } = options;
  const bound =
    node === undefined ? [] : ['--bound-object-kind=Node', `--bound-object-name=${node}`];
  const { stdout } = await plane.kubectl([
    'create',
    'token',
    account,
    `--namespace=${OWN_NAMESPACE}`,
    '--duration=48h',
    ...bound,
  ]);
  return plane.kubeconfigWithToken(name, stdout.trim(), server);
}
