import { lookAround, StandaloneCluster, type Lab } from '@fairlead/lab';
import type { Form } from './form.ts';
import type { Story } from './story.ts';

/** No Kubernetes: every agent reads the same file. */
export async function startStandalone(story: Story, lab: Lab): Promise<Form> {
  const cluster = await StandaloneCluster.create(lab);
  story.say(
    'A lab of network namespaces: three nodes a, b, c and a client on one LAN',
    'Pods run on b and c. Reverse path filters are strict, there is no kube-proxy.',
  );
  cluster.service({ name: 'web' });
  await cluster.startAgents();
  story.say(
    'An agent on each node reads the same file: an AddressPool, a Service, its EndpointSlices',
    'Nobody is elected by an API server: the nodes agree by heartbeats.',
  );
  return {
    cluster,
    look: () => [...lookAround(lab).look, `and edit ${cluster.file}`],
  };
}
