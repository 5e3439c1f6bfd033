import type { LabProcess } from '../../lab-process.ts';
import type { Node } from '../../node.ts';
import { kubernetesBinaries } from '../binaries.ts';
import type { ProxyMode } from '../flags.ts';
import { startKubeProxy } from '../kube-proxy.ts';

/** kube-proxy on every node, in one mode at a time. */
export class KubeProxies {
  readonly #nodes: readonly Node[];
  readonly #kubeconfig: string;
  #running: readonly LabProcess[] = [];

  /** @param kubeconfig A file that leads to the API server from all nodes. */
  constructor(nodes: readonly Node[], kubeconfig: string) {
    this.#nodes = nodes;
    this.#kubeconfig = kubeconfig;
  }

  /** Starts it; resolves when all have programmed what there is. */
  async start(mode: ProxyMode): Promise<void> {
    await this.stop();
    const kubeconfig = this.#kubeconfig;
    this.#running = await Promise.all(
      this.#nodes.map((host) => startKubeProxy({ host, mode, kubeconfig })),
    );
  }

  /** Stops it, and removes its rules. */
  async stop(): Promise<void> {
    if (this.#running.length === 0) return;
    await Promise.all(this.#running.map((each) => each[Symbol.asyncDispose]()));
    this.#running = [];
    const argv = [kubernetesBinaries()['kube-proxy'], '--cleanup'] as const;
    await Promise.all(this.#nodes.map((node) => node.exec(argv, { timeoutMs: 30_000 })));
  }
}
