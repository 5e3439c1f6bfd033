import { after, before } from 'node:test';
import type { KubernetesControlPlane } from '@fairlead/lab/kubernetes';
import { sourceConformance } from '../../conformance/source-conformance.ts';
import type { ClusterState } from '../../state.ts';
import {
  applyCrds,
  clientOf,
  follow,
  putObjects,
  startCluster,
} from '../../testing/real-cluster.ts';

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
    const followed = follow(client, reader, ({ state }) => {
      newest = state;
      if (state !== undefined) listener?.(state);
    });
    return {
      put: (objects) => putObjects(client, objects),
      subscribe: (onState) => {
        listener = onState;
        if (newest !== undefined) onState(newest);
      },
      [Symbol.asyncDispose]: async () => {
        await followed[Symbol.asyncDispose]();
        client[Symbol.dispose]();
      },
    };
  });
}
