import { join } from 'node:path';
import { replaceFile } from '../replace-file.ts';
import type { KubernetesControlPlane } from './control-plane.ts';
import { kubeconfigText } from './kubeconfig.ts';

export interface ServiceAccountUse {
  readonly namespace: string;
  readonly name: string;
  /** The Node that the token is bound to, as that of a pod there is. */
  readonly node?: string | undefined;
  /** Default the API server itself. */
  readonly server?: string | undefined;
}

/**
 * Writes a kubeconfig with a token such as pods of a service account have.
 * @returns its path
 */
export async function serviceAccountKubeconfig(
  plane: KubernetesControlPlane,
  { namespace, name, node, server = plane.server }: ServiceAccountUse,
): Promise<string> {
  const bound =
    node === undefined ? [] : [`--bound-object-kind=Node`, `--bound-object-name=${node}`];
  const { stdout } = await plane.kubectl([
    'create',
    'token',
    // A lab that is kept may be looked at tomorrow.
    '--duration=48h',
    `--namespace=${namespace}`,
    name,
    ...bound,
  ]);
  const path = join(
    plane.host.directory,
    `${name}-${node ?? 'unbound'}-${server.replaceAll(/[^\w.]+/gu, '-')}.kubeconfig`,
  );
  const { certificateAuthority } = plane;
  const user = { token: stdout.trim() };
  replaceFile(path, kubeconfigText({ server, certificateAuthority, user }), 0o600);
  return path;
}
