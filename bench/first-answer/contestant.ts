import type { IpAddress } from '@fairlead/ip';
import type { KubernetesCluster } from '@fairlead/lab/kubernetes';

/** What a load balancer is told of the Services to come. */
interface ServicesToCome {
  /** All of them get these, one Service at a time. */
  readonly addresses: readonly IpAddress[];
  readonly services: readonly string[];
}

/** A load balancer whose first answer is measured. */
export interface Contestant {
  readonly name: string;
  /** Begins to serve the cluster. */
  readonly start: (cluster: KubernetesCluster, toCome: ServicesToCome) => Promise<void>;
}

export const fairlead: Contestant = {
  name: 'Fairlead',
  start: async (cluster) => {
    await cluster.controllers.start('controller');
    await cluster.controllers.leader();
    await cluster.startAgents();
    await cluster.joined();
  },
};
