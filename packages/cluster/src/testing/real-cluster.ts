import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import {
  ApiError,
  KubeClient,
  kubeconfigConnection,
  resources,
  type KubeObject,
  type Resource,
} from '@fairlead/kube';
import { KubernetesControlPlane, type ControlPlaneOptions } from '@fairlead/lab/kubernetes';
import { Newest } from '../conformance/newest.ts';
import type { SampleObject } from '../conformance/sample-objects.ts';
import type { Reader } from '../objects/read-options.ts';
import { KubernetesSource } from '../sources/kubernetes/kubernetes-source.ts';
import { ownResources } from '../sources/kubernetes/own-resources.ts';
import type { SourceUpdate } from '../sources/source.ts';

const crds = join(import.meta.dirname, '../../../../deploy/crds');

/** A control plane in the network namespace that the runner made for the test file, without our CRDs. */
export async function startCluster(
  options: ControlPlaneOptions = {},
): Promise<KubernetesControlPlane> {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  return await KubernetesControlPlane.start(options);
}

/** Applies our CRDs and waits until the API server serves them. */
export async function applyCrds(cluster: KubernetesControlPlane): Promise<void> {
  await cluster.kubectl(['apply', '-f', crds]);
  await cluster.kubectl(['wait', '--for=condition=Established', '--timeout=30s', '-f', crds]);
}

/** @param server default the API server itself */
export async function clientOf(
  cluster: KubernetesControlPlane,
  { user, server }: { readonly user?: string; readonly server?: string } = {},
): Promise<KubeClient> {
  const path = cluster.kubeconfig(user, server);
  const connection = await kubeconfigConnection({ path, environment: {} });
  return KubeClient.connect(connection, { fieldManager: 'fairlead-test' });
}

const kinds: Readonly<Record<string, Resource<KubeObject>>> = {
  Service: resources.services,
  EndpointSlice: resources.endpointSlices,
  Node: resources.nodes,
  Namespace: resources.namespaces,
  AddressPool: ownResources.addressPools,
  Announcement: ownResources.announcements,
  NodeReport: ownResources.nodeReports,
};

/** Those of the API server's own. */
const systemObjects = /^(?:Service default\/kubernetes|Namespace .*)$/u;

/** Makes the API server hold exactly these objects, statuses included. */
export async function putObjects(
  client: KubeClient,
  objects: readonly SampleObject[],
): Promise<void> {
  const wanted = new Set(objects.map((object) => nameOf(object.kind, object)));
  for (const [kind, resource] of Object.entries(kinds)) {
    const { items } = await client.listPage(resource);
    for (const item of items) {
      const name = nameOf(kind, item);
      if (wanted.has(name) || systemObjects.test(name)) continue;
      await client.delete(resource, objectName(item));
    }
  }
  for (const object of objects) await putObject(client, object);
}

/** Makes the API server hold the object, its status included. */
export async function putObject(client: KubeClient, object: SampleObject): Promise<void> {
  const resource = kinds[object.kind];
  if (resource === undefined) throw new Error(`${object.kind} is no kind of the tests`);
  const { status, ...rest } = object;
  // Reports have no subresource.
  const whole = object.kind === 'NodeReport' ? object : rest;
  try {
    await client.apply(resource, whole, { force: true });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 422) throw error;
    // A field that cannot be changed.
    await client.delete(resource, objectName(object));
    await client.apply(resource, whole, { force: true });
  }
  if (status === undefined || whole === object) return;
  await client.mergePatch(resource, objectName(object), { status }, { subresource: 'status' });
}

function objectName({ metadata }: KubeObject): { namespace?: string | undefined; name: string } {
  return { namespace: metadata?.namespace, name: metadata?.name ?? '' };
}

function nameOf(kind: string, object: KubeObject): string {
  const { namespace, name } = objectName(object);
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** A source that is being followed, and what it tells. */
export interface Followed extends AsyncDisposable {
  readonly source: KubernetesSource;
  readonly updates: Newest<SourceUpdate>;
  readonly running: Promise<void>;
}

/** Follows the API server through the client until disposed of. */
export function follow(
  client: KubeClient,
  reader: Reader,
  onUpdate: (update: SourceUpdate) => void = () => {},
): Followed {
  const updates = new Newest<SourceUpdate>();
  const stopping = new AbortController();
  const source = new KubernetesSource(
    { client, namespace: 'default', reader, random: Math.random },
    (update) => {
      updates.add(update);
      onUpdate(update);
    },
  );
  const running = source.run(stopping.signal);
  return {
    source,
    updates,
    running,
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await running;
    },
  };
}
