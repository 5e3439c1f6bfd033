import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  Lab,
  lostAttempts,
  StandaloneCluster,
  startConnector,
  waitFor,
  type Node,
} from '@fairlead/lab';

const CONNECTIONS = 50;
const POLICIES = ['Cluster', 'Local'] as const;
const PROTOCOLS = ['tcp', 'udp'] as const;

for (const uplink of ['plain', 'bridged'] as const) {
  describe(`a pod sees its client, ${uplink} uplink, strict rp_filter, no kube-proxy`, () => {
    let lab: Lab;
    let cluster: StandaloneCluster;

    before(async () => {
      lab = await Lab.create({ name: 'client' });
      cluster = await StandaloneCluster.create(lab, { bridged: uplink === 'bridged' });
      for (const policy of POLICIES) {
        for (const node of cluster.nodes.slice(0, 2)) {
          cluster.service({ name: serviceName(policy, node), policy, preferredNode: node.name });
        }
      }
      await cluster.startAgents();
    });

    after(() => lab[Symbol.asyncDispose]());

    for (const policy of POLICIES) {
      for (const [index, pods] of ['without', 'with'].entries()) {
        test(`policy ${policy}, entering at a node ${pods} a pod`, async () => {
          const node = cluster.nodes[index];
          assert.ok(node !== undefined);
          assert.equal(node.pods.length > 0, pods === 'with');
          const addresses = await allocated(cluster, serviceName(policy, node));
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
          const disguised = attempts.filter(
            ({ answer, local }) => answer?.client !== local?.address,
          );
          assert.deepEqual(disguised, []);
        });
      }
    }
  });
}

function serviceName(policy: string, node: Node): string {
  return `${policy}-${node.name}`.toLowerCase();
}

async function allocated(cluster: StandaloneCluster, name: string): Promise<readonly string[]> {
  return waitFor(
    async () => {
      const addresses = await cluster.addressesOf(name);
      return addresses.length === 2 && addresses;
    },
    { what: `both addresses of ${name}`, deadlineMs: 20_000 },
  );
}
