import { ApiError, type KubeClient, type KubeObject, type Resource } from '@fairlead/kube';
import { explainRefusals, type Refusal } from './refusals.ts';
import { clusterResources, type ClusterObjects } from './objects.ts';

/** How long the API server may be silent. */
const ANSWER_WITHIN_MS = 10_000;

type Kind = keyof ClusterObjects;

/**
 * Lists everything once.
 * @throws OperatorError that says what to do where the API server is away or refuses
 */
export async function readClusterObjects(
  client: Pick<KubeClient, 'list'>,
  server: string,
): Promise<ClusterObjects> {
  const kinds = Object.keys(clusterResources) as Kind[];
  const lists = await Promise.allSettled(
    kinds.map((kind) => listAll(client, clusterResources[kind])),
  );
  const refusals: Refusal[] = [];
  const entries = kinds.map((kind, index) => {
    const list = lists[index];
    if (list?.status === 'fulfilled') return [kind, list.value] as const;
    refusals.push({ resource: clusterResources[kind], error: list?.reason as Error });
    return [kind, []] as const;
  });
  if (refusals.length > 0) throw explainRefusals(refusals, server);
  return Object.fromEntries(entries) as unknown as ClusterObjects;
}

async function listAll(
  client: Pick<KubeClient, 'list'>,
  resource: Resource<KubeObject>,
): Promise<readonly KubeObject[]> {
  // A list of many pages may take longer than the API server keeps its version: one that starts again is enough.
  for (let attempt = 1; ; attempt += 1) {
    try {
      const items: KubeObject[] = [];
      for await (const page of client.list(resource, { timeoutMs: ANSWER_WITHIN_MS })) {
        items.push(...page.items);
      }
      return items;
    } catch (error) {
      if (attempt === 2 || !(error instanceof ApiError && error.expired)) throw error;
    }
  }
}
