import type { LabProcess } from '../lab-process.ts';
import { kubernetesBinaries } from './binaries.ts';
import type { KubernetesHost } from './control-plane-host.ts';
import { kubeProxyArgv, type Flags, type ProxyMode } from './flags.ts';

export interface KubeProxyOptions {
  /** The node whose network namespace it programs. */
  readonly host: KubernetesHost;
  /** The Node object's name. Default the host's. */
  readonly node?: string | undefined;
  readonly mode: ProxyMode;
  /** A file that leads to the API server from there. */
  readonly kubeconfig: string;
  readonly flags?: Flags | undefined;
  /** Until it has programmed what there is. Default 30 000. */
  readonly readyMs?: number | undefined;
}

/**
 * Starts kube-proxy and waits until it has programmed the kernel for the first time.
 * @throws Error with what it said, where it does not come to that
 */
export async function startKubeProxy(options: KubeProxyOptions): Promise<LabProcess> {
  const { host, node = host.name, mode, kubeconfig, flags = {}, readyMs = 30_000 } = options;
  const argv = kubeProxyArgv(kubernetesBinaries(), {
    kubeconfig,
    node,
    mode,
    // Level 2 says when rules were synced.
    more: { v: 2, ...flags },
  });
  const process = await host.spawn(argv, { name: `kube-proxy-${node}` });
  try {
    await process.stderr.match(/SyncProxyRules complete/iu, readyMs);
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
  return process;
}
