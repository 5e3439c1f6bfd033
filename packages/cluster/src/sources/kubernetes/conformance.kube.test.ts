import { after, before } from 'node:test';
import type { KubernetesControlPlane } from '@fairlead/lab/kubernetes';
import { sourceConformance } from '../../conformance/source-conformance.ts';
import type { ClusterState } from '../../state.ts';
import { applyCrds, clientOf, putObjects, startCluster } from '../../testing/real-cluster.ts';
import { KubernetesSource } from './kubernetes-source.ts';

let cluster: KubernetesControlPlane;

before(async () => {
  cluster = await startCluster();
  await applyCrds(cluster);
});
after(async () => await cluster[Symbol.asyncDispose]());

for (const reader of ['controller', 'agent'] as const) {
  sourceConformance(`an API server, read by the ${reader}`, async () => {
    const client = await clientOf(cluster);
    await putObjects(client, []);
    let newest: ClusterState | undefined;
    let listener: ((state: ClusterState) => void) | undefined;
    const stopping = new AbortController();
    const source = new KubernetesSource(
      { client, namespace: 'default', reader, random: Math.random },
      ({ state }) => {
        newest = state;
        if (state !== undefined) listener?.(state);
      },
    );
    const running = source.run(stopping.signal);
    return {
      put: (objects) => putObjects(client, objects),
      subscribe: (onState) => {
        listener = onState;
        if (newest !== undefined) onState(newest);
      },
      [Symbol.asyncDispose]: async () => {
        stopping.abort();
        await running;
        client[Symbol.dispose]();
      },
    };
  });
}
