import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { KubernetesControlPlane, type ControlPlaneOptions } from '@fairlead/lab/kubernetes';
import type { ConfigMap } from 'kubernetes-types/core/v1.d.ts';
import { KubeClient } from '../client/kube-client.ts';
import { defineResource } from '../client/resource.ts';
import { readKubeconfig } from '../transport/kubeconfig.ts';

/** A kind with which tests can do as they like. */
export const configMaps = defineResource<ConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
});

/** A control plane in the network namespace that the runner made for the test file. */
export async function startCluster(
  options: ControlPlaneOptions = {},
): Promise<KubernetesControlPlane> {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  return await KubernetesControlPlane.start(options);
}

/** @param server default the API server itself */
export function clientOf(
  cluster: KubernetesControlPlane,
  user?: string,
  server?: string,
): KubeClient {
  const path = cluster.kubeconfig(user, server);
  const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const connection = readKubeconfig(content, { path, environment: {} });
  return KubeClient.connect(connection, { fieldManager: 'fairlead-test' });
}
