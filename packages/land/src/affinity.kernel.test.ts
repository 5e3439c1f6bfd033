import assert from 'node:assert/strict';
import { after, afterEach, before, suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { examplePlan, pod, type ExampleService } from './testing/example-cluster.ts';
import { LandingNetwork } from './testing/landing-network.ts';

const pod1 = ['10.244.1.5', 'fd00:244::5'].map((text) => pod(text));
const pod2 = ['10.244.1.6', 'fd00:244::6'].map((text) => pod(text));
const sticky: ExampleService = {
  name: 'sticky',
  addresses: ['198.51.100.1', '2001:db8:100::1'],
  endpoints: [...pod1, ...pod2],
  affinitySeconds: 10_800,
};

let network: LandingNetwork;
before(async () => {
  network = await LandingNetwork.start();
});
after(() => network[Symbol.dispose]());
afterEach(() => network.node.call('remove'));

for (const [address, net] of [
  ['198.51.100.1', '203.0.113.'],
  ['2001:db8:100::1', '2001:db8:3::'],
] as const) {
  suite(`session affinity at ${address}`, () => {
    const clients = Array.from({ length: 20 }, (_, at) => `${net}${at + 20}`);
    const apply = (changes: Partial<ExampleService> = {}) =>
      network.node.call('apply', examplePlan([{ ...sticky, ...changes }]));
    const podOf = async (from: string): Promise<string> => {
      const question = { protocol: 'tcp', address, port: 80, from } as const;
      const answer = await network.client.call('ask', question);
      return 'pod' in answer ? answer.pod : answer.error;
    };
    const podsOf = async (froms: readonly string[]): Promise<string[]> => {
      const pods = [];
      for (const from of froms) pods.push(await podOf(from));
      return pods;
    };

    test('clients spread, and each stays with its pod', async () => {
      await apply();
      const chosen = await podsOf(clients);
      assert.deepEqual(new Set(chosen), new Set(['pod-1', 'pod-2']));
      for (let again = 0; again < 3; again += 1) assert.deepEqual(await podsOf(clients), chosen);
    });

    test('a client stays over new pods, other settings, and a new agent', async () => {
      await apply({ endpoints: pod1 });
      assert.deepEqual(new Set(await podsOf(clients)), new Set(['pod-1']));
      // By their addresses alone some of these would now be the second pod's.
      await apply();
      assert.deepEqual(new Set(await podsOf(clients)), new Set(['pod-1']));
      await apply({ affinitySeconds: 3600, sourceRanges: ['203.0.113.0/24', '2001:db8::/32'] });
      assert.deepEqual(new Set(await podsOf(clients)), new Set(['pod-1']));
      await network.node.call('restart');
      await apply();
      assert.deepEqual(new Set(await podsOf(clients)), new Set(['pod-1']));
    });

    test('a client whose pod is gone gets another, and stays there', async () => {
      await apply({ endpoints: pod1 });
      await podsOf(clients);
      await apply({ endpoints: pod2 });
      assert.deepEqual(new Set(await podsOf(clients)), new Set(['pod-2']));
      await apply();
      assert.deepEqual(new Set(await podsOf(clients)), new Set(['pod-2']));
    });

    test('affinity ends so long after the last use', async () => {
      const affinitySeconds = 2;
      await apply({ endpoints: pod1, affinitySeconds });
      assert.deepEqual(new Set(await podsOf(clients)), new Set(['pod-1']));
      await apply({ affinitySeconds });
      // Used again each second, longer than it lasts unused.
      const [used = ''] = clients;
      for (let second = 0; second < 4; second += 1) {
        await sleep(1000);
        assert.equal(await podOf(used), 'pod-1');
      }
      const chosen = await podsOf(clients.slice(1));
      assert.ok(chosen.includes('pod-2'), 'the others are distributed anew');
    });
  });
}
