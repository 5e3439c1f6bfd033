import assert from 'node:assert/strict';
import { after, before, beforeEach, suite, test } from 'node:test';
import { decideLanding } from './decide.ts';
import type { LandPlan } from './plan.ts';
import {
  exampleAllocations,
  exampleState,
  pod,
  self,
  type ExampleService,
} from './testing/example-cluster.ts';
import type { Answer, Question } from './testing/host-program.ts';
import { LandingNetwork } from './testing/landing-network.ts';

suite('landing', () => {
  let network: LandingNetwork;
  before(async () => {
    network = await LandingNetwork.start();
  });
  after(() => network[Symbol.dispose]());
  test('x', async () => {
    const services = [{name: 'a', addresses: ['198.51.100.1', '2001:db8:100::1'], endpoints: [pod('10.244.1.5'), pod('fd00:244::5')]}];
    const plan = decideLanding(exampleState(services), exampleAllocations(services), self, {announcingInterfaces: ['eth0']});
    console.log(await network.node.call('apply', plan));
    console.log(await network.client.call('ask', {protocol: 'tcp', address: '198.51.100.1', port: 80}));
    console.log(await network.client.call('ask', {protocol: 'tcp', address: '2001:db8:100::1', port: 80}));
    console.log(network.node.run('nft list ruleset'));
  });
});
