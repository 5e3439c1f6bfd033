/** Beside kube-proxy, in both of its modes: pods see their clients, and what kube-proxy does itself goes on. */
import { after, before, describe } from 'node:test';
import { Lab } from '@fairlead/lab';
import { KubernetesCluster } from '@fairlead/lab/kubernetes';
import { addKubeProxyServices, testThatKubeProxyGoesOn } from './kube-proxy-goes-on.ts';
import { addServices, testThatPodsSeeTheClient } from './sees-client.ts';

let lab: Lab;
let cluster: KubernetesCluster;

before(async () => {
  lab = await Lab.create({ name: 'client' });
  cluster = await KubernetesCluster.create(lab);
  await cluster.controllers.start('controller');
  await cluster.startAgents();
  await cluster.joined();
  await addServices(cluster);
  await addKubeProxyServices(cluster);
});

after(() => lab[Symbol.asyncDispose]());

for (const mode of ['nftables', 'iptables'] as const) {
  describe(`kube-proxy in ${mode} mode, strict rp_filter`, () => {
    before(() => cluster.kubeProxies.start(mode));

    describe('a pod sees its client', () => testThatPodsSeeTheClient(() => cluster));
    describe('kube-proxy goes on', () => testThatKubeProxyGoesOn(() => cluster));
  });
}
