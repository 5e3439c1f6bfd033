import { after, before, describe } from 'node:test';
import { Lab, StandaloneCluster } from '@fairlead/lab';
import { addServices, testThatPodsSeeTheClient } from './sees-client.ts';

for (const uplink of ['plain', 'bridged'] as const) {
  describe(`a pod sees its client, ${uplink} uplink, strict rp_filter, no kube-proxy`, () => {
    let lab: Lab;
    let cluster: StandaloneCluster;

    before(async () => {
      lab = await Lab.create({ name: 'client' });
      cluster = await StandaloneCluster.create(lab, { bridged: uplink === 'bridged' });
      await addServices(cluster);
      await cluster.startAgents();
      await cluster.joined();
    });

    after(() => lab[Symbol.asyncDispose]());

    testThatPodsSeeTheClient(() => cluster);
  });
}
