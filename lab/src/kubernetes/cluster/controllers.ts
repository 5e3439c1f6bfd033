import { resources, type KubeClient } from '@fairlead/kube';
import { executable } from '../../cluster/executable.ts';
import type { LabProcess } from '../../lab-process.ts';
import { waitFor } from '../../wait-for.ts';
import type { KubernetesControlPlane } from '../control-plane.ts';
import type { FaultProxy } from '../fault-proxy/fault-proxy.ts';
import { serviceAccountKubeconfig } from '../service-account.ts';
import { OWN_NAMESPACE } from './installation.ts';

const lease = { namespace: OWN_NAMESPACE, name: 'fairlead-controller' };

/** The controllers of Fairlead, as processes beside the API server. */
export class Controllers {
  readonly #plane: KubernetesControlPlane;
  readonly #api: KubeClient;
  readonly #direct: boolean;
  readonly #running = new Map<string, LabProcess>();
  readonly #paths = new Map<string, FaultProxy>();

  /** @param direct Without a proxy on their way to the API server. */
  constructor(plane: KubernetesControlPlane, api: KubeClient, direct = false) {
    this.#plane = plane;
    this.#api = api;
    this.#direct = direct;
  }

  /** @param name Its identity in the election. */
  async start(name: string): Promise<LabProcess> {
    const { host } = this.#plane;
    const proxy = await this.#plane.startProxy(`api-of-${name}`);
    this.#paths.set(name, proxy);
    const kubeconfig = await serviceAccountKubeconfig(this.#plane, {
      namespace: OWN_NAMESPACE,
      name: 'fairlead-controller',
      server: this.#direct ? this.#plane.server : proxy.server,
    });
    const flags = ['--kubeconfig', kubeconfig, '--identity', name, '--metrics', '0'];
    const process = await host.spawn([executable, 'controller', ...flags], { name });
    this.#running.set(name, process);
    return process;
  }

  /** A controller's way to the API server: what is done to it concerns that one alone. */
  apiOf(name: string): FaultProxy {
    const path = this.#paths.get(name);
    if (path === undefined) throw new RangeError(`no controller '${name}' was started`);
    return path;
  }

  /** The one that leads, once one does that runs. */
  async leader(deadlineMs = 30_000): Promise<LabProcess> {
    return waitFor(
      async () => {
        const { spec } = await this.#api.get(resources.leases, lease);
        const leader = this.#running.get(spec?.holderIdentity ?? '');
        return leader?.running === true && leader;
      },
      { what: 'a controller to lead', deadlineMs, everyMs: 50 },
    );
  }
}
