import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lostAttempts, startConnector, type AgentCluster, type Node } from '@fairlead/lab';

const CONNECTIONS = 50;
const POLICIES = ['Cluster', 'Local'] as const;
const PROTOCOLS = ['tcp', 'udp'] as const;

type Policy = (typeof POLICIES)[number];

/** One Service for each policy and node by which its packets shall come in. */
export async function addServices(cluster: AgentCluster): Promise<void> {
  for (const policy of POLICIES) {
    for (const node of entrances(cluster)) {
      const name = serviceName(policy, node);
      await cluster.service({ name, policy, preferredNode: node.name });
    }
  }
}

/** The tests: {TCP, UDP} × {IPv4, IPv6} × policy × {entering at a node with, without a pod}, 50 connections each. */
export function testThatPodsSeeTheClient(clusterOf: () => AgentCluster): void {
  for (const policy of POLICIES) {
    for (const [index, pods] of ['without', 'with'].entries()) {
      void test(`policy ${policy}, entering at a node ${pods} a pod`, async () => {
        const cluster = clusterOf();
        const node = entrances(cluster)[index];
        assert.ok(node !== undefined);
        assert.equal(node.pods.length > 0, pods === 'with');
        const addresses = await cluster.allocated(serviceName(policy, node));
        for (const address of addresses) await cluster.owner(address, [node]);
        await using connector = await startConnector(cluster.client, {
          addresses,
          port: 80,
          protocols: PROTOCOLS,
          count: CONNECTIONS,
          patienceMs: 2000,
        });
        await connector.process.exited;
        const attempts = await connector.stop();
        assert.equal(attempts.length, CONNECTIONS * addresses.length * PROTOCOLS.length);
        assert.deepEqual(lostAttempts(attempts), []);
        // Only the address: conntrack moves the port where a client uses one port for two addresses
        // of one pod, as their replies could not be told apart.
        const disguised = attempts.filter(({ answer, local }) => answer?.client !== local?.address);
        assert.deepEqual(disguised, []);
      });
    }
  }
}

/** The first has no pod, the second has one. */
function entrances({ nodes }: AgentCluster): readonly Node[] {
  return nodes.slice(0, 2);
}

function serviceName(policy: Policy, node: Node): string {
  return `${policy}-${node.name}`.toLowerCase();
}
