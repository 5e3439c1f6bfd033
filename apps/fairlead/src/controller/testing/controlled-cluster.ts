import { execFileSync } from 'node:child_process';
import { get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ownResources, type Condition } from '@fairlead/cluster';
import {
  KubeClient,
  kubeconfigConnection,
  resources,
  type KubeObject,
  type Resource,
} from '@fairlead/kube';
import { waitFor, type LabProcess } from '@fairlead/lab';
import {
  KubernetesControlPlane,
  serviceObject,
  type ServiceSettings,
} from '@fairlead/lab/kubernetes';
import type { Service } from 'kubernetes-types/core/v1.d.ts';
import { OWN_NAMESPACE } from '../../kubernetes.ts';

const root = join(import.meta.dirname, '../../../../..');
const crds = join(root, 'deploy/crds');

/** What tests look at in a Service. */
export interface SeenService {
  readonly uid: string;
  readonly addresses: readonly string[];
  /** By the part of the type behind the slash. */
  readonly conditions: Readonly<Record<string, Condition>>;
  readonly version: string;
}

/** A control plane with our CRDs and namespace, in the network namespace of the test file, and controllers beside it. */
export class ControlledCluster implements AsyncDisposable {
  readonly plane: KubernetesControlPlane;
  readonly client: KubeClient;
  #ports = 7_600;

  private constructor(plane: KubernetesControlPlane, client: KubeClient) {
    this.plane = plane;
    this.client = client;
  }

  static async start(): Promise<ControlledCluster> {
    execFileSync('ip', ['link', 'set', 'lo', 'up']);
    const plane = await KubernetesControlPlane.start();
    await plane.kubectl(['apply', '-f', crds]);
    await plane.kubectl(['wait', '--for=condition=Established', '--timeout=30s', '-f', crds]);
    const path = plane.kubeconfig();
    const connection = await kubeconfigConnection({ path, environment: {} });
    const client = KubeClient.connect(connection, { fieldManager: 'fairlead-test' });
    await client.create(resources.namespaces, { metadata: { name: OWN_NAMESPACE } });
    return new ControlledCluster(plane, client);
  }

  /** Runs the shipped form. @param server default the API server itself */
  async startController(
    settings: { readonly server?: string; readonly flags?: readonly string[] } = {},
  ): Promise<RunningController> {
    const port = this.#ports++;
    const { server, flags = [] } = settings;
    const process = await this.plane.host.spawn(
      [
        join(root, 'bin/fairlead'),
        'controller',
        `--kubeconfig=${this.plane.kubeconfig(undefined, server)}`,
        `--metrics=127.0.0.1:${port}`,
        '--log-level=debug',
        ...flags,
      ],
      { name: `controller-${port}` },
    );
    return new RunningController(process, port);
  }

  async createService(
    name: string,
    more: Partial<ServiceSettings> & { readonly labels?: Readonly<Record<string, string>> } = {},
  ): Promise<Service> {
    const settings = { selector: { app: name }, ports: [{ port: 80 }], ...more, name };
    return await this.client.create(resources.services, serviceObject(settings));
  }

  async service(name: string): Promise<SeenService> {
    const service = await this.client.get(resources.services, { namespace: 'default', name });
    return seen(service);
  }

  async patchService(name: string, patch: object): Promise<void> {
    await this.client.mergePatch(resources.services, { namespace: 'default', name }, patch);
  }

  async deleteService(name: string): Promise<void> {
    await this.client.delete(resources.services, { namespace: 'default', name });
  }

  /** Waits until the Service is as it should be. */
  async serviceWith(
    name: string,
    what: string,
    check: (service: SeenService) => boolean,
    deadlineMs = 30_000,
  ): Promise<SeenService> {
    let last: SeenService | undefined;
    try {
      return await waitFor(
        async () => {
          last = await this.service(name);
          return check(last) ? last : undefined;
        },
        { what: `Service ${name}: ${what}`, deadlineMs, everyMs: 20 },
      );
    } catch (cause) {
      throw new Error(`Service ${name} is ${JSON.stringify(last)}`, { cause });
    }
  }

  async allocated(name: string, deadlineMs?: number): Promise<SeenService> {
    const isTrue = ({ conditions, addresses }: SeenService): boolean =>
      conditions['Allocated']?.status === 'True' && addresses.length > 0;
    return await this.serviceWith(name, 'has an address', isTrue, deadlineMs);
  }

  async putPool(name: string, addresses: readonly string[], more: object = {}): Promise<void> {
    const spec = { addresses, ...more };
    await this.put(ownResources.addressPools, { metadata: { name }, spec } as KubeObject);
  }

  async put(resource: Resource<KubeObject>, object: KubeObject): Promise<void> {
    await this.client.apply(resource, object, { force: true });
  }

  /** Waits for an event about an object. @returns its note */
  async event(kind: string, name: string, reason: string): Promise<string> {
    return await waitFor(
      async () => {
        const { items } = await this.client.listPage(resources.events);
        const found = items.find(
          (event) =>
            event.reason === reason &&
            event.regarding?.kind === kind &&
            event.regarding.name === name,
        );
        return found?.note ?? undefined;
      },
      { what: `event ${reason} of ${kind}/${name}`, deadlineMs: 30_000, everyMs: 50 },
    );
  }

  /** Waits until it is so. */
  async until(what: string, check: () => Promise<boolean>, deadlineMs = 30_000): Promise<void> {
    await waitFor(check, { what, deadlineMs, everyMs: 20 });
  }

  /** Deletes all Services but that of the API server, and all pools. */
  async clear(): Promise<void> {
    for (const { metadata } of (await this.client.listPage(resources.services)).items) {
      const { namespace, name = '' } = metadata ?? {};
      if (name !== 'kubernetes') await this.client.delete(resources.services, { namespace, name });
    }
    for (const { metadata } of (await this.client.listPage(resources.nodes)).items) {
      await this.client.delete(resources.nodes, { name: metadata?.name ?? '' });
    }
    for (const resource of [
      ownResources.addressPools,
      ownResources.announcements,
      ownResources.nodeReports,
    ]) {
      for (const { metadata } of (await this.client.listPage<KubeObject>(resource)).items) {
        await this.client.delete(resource, { name: metadata?.name ?? '' });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client[Symbol.dispose]();
    await this.plane[Symbol.asyncDispose]();
  }
}

/** The shipped controller as a process. */
export class RunningController implements AsyncDisposable {
  readonly process: LabProcess;
  readonly #port: number;

  constructor(process: LabProcess, port: number) {
    this.process = process;
    this.#port = port;
  }

  /** The value of a metric; 0 where there is none. */
  async metric(name: string): Promise<number> {
    const line = (await this.#get('/metrics'))
      .split('\n')
      .find((one) => one.startsWith(`fairlead_${name} `));
    return Number(line?.split(' ').at(-1) ?? 0);
  }

  /** One that was killed keeps the Lease for 15 s. */
  async leads(deadlineMs = 60_000): Promise<void> {
    await waitFor(async () => (await this.metric('leader')) === 1, {
      what: 'leadership',
      deadlineMs,
      everyMs: 20,
    });
  }

  async isReady(): Promise<boolean> {
    return (await this.#get('/readyz')) === 'ok\n';
  }

  /** @returns its exit code, and how long it took, ms */
  async stop(): Promise<{ readonly code: number | null; readonly tookMs: number }> {
    const startedMs = performance.now();
    process.kill(this.process.pid, 'SIGTERM');
    const { code } = await this.process.exited;
    return { code, tookMs: performance.now() - startedMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A killed one would keep the Lease from the next for 15 s.
    await this.process.stop(3_000);
    await this.process[Symbol.asyncDispose]();
  }

  async #get(path: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    get({ host: '127.0.0.1', port: this.#port, path, agent: false }, (answer) => {
      text(answer).then(resolve, reject);
    }).on('error', reject);
    return await promise;
  }
}

function seen({ metadata, status }: Service): SeenService {
  const conditions = (status?.conditions ?? []) as unknown as readonly Condition[];
  return {
    uid: metadata?.uid ?? '',
    version: metadata?.resourceVersion ?? '',
    addresses: (status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip ?? ''),
    conditions: Object.fromEntries(
      conditions.map((condition) => [condition.type.replace('fairlead.dev/', ''), condition]),
    ),
  };
}
