import { join } from 'node:path';
import type { IpAddress } from '@fairlead/ip';
import { startMembers } from '../measure/start.ts';
import { StandaloneCluster } from '../standalone/standalone-cluster.ts';
import type { ObservedCluster } from '../standalone/observed-cluster.ts';
import { waitFor } from '../wait-for.ts';
import { unnoticed, type OwnershipFault } from './ownership-fault.ts';

/** Who else may be on the LAN. */
export const neighbourFaults: readonly OwnershipFault[] = [
  {
    name: 'foreign-host',
    title: 'a foreign host takes the address: named, not fought over; served again when it goes',
    // Long enough for the owner to try again, which it does after 10 s.
    questions: 2_400,
    strike: async ({ lab, cluster, owner, addresses }) => {
      const [address] = addresses;
      if (address === undefined) throw new RangeError('there is no address to take');
      const foreign = await lab.foreign('foreign', {
        nics: [{ switch: cluster.lan, addresses: ['192.0.2.60/24'] }],
      });
      const { device, mac } = foreign.nic;
      await foreign.exec(['ip', 'address', 'add', `${address}/32`, 'dev', device]);
      // Whoever sends from an address first asks from it for its neighbour, and so is seen to have it.
      const sends = `const socket = require('node:dgram').createSocket('udp4');
        socket.bind({ address: '${address}' }, () =>
          socket.send('', 9, '192.0.2.61', () => socket.close()));`;
      await foreign.exec([process.execPath, '--eval', sends]);
      await waitFor(
        async () => {
          const { services } = await cluster.status(owner);
          const problem = services.flatMap(({ problems }) => problems)[0];
          return problem?.value === address && problem.message.includes(mac);
        },
        { what: 'status to name the foreign host', deadlineMs: 15_000 },
      );
      return async () => {
        await foreign.exec(['ip', 'address', 'del', `${address}/32`, 'dev', device]);
      };
    },
    expect: () => ({ during: 'foreign', unanswered: 'while it lasts', lost: 'unwatched' }),
  },
  {
    name: 'second-cluster',
    title: 'a second cluster with a node at an address of ours: each ignores the other',
    strike: async (scene) => {
      const { lab, cluster, nodes, owner } = scene;
      const other = await StandaloneCluster.create(lab, {
        nodes: ['x', 'y'],
        podsOn: ['y'],
        clusterId: 'other',
        lan: cluster.lan,
        firstNumber: 31,
        pool: ['192.0.2.200-192.0.2.209', '2001:db8::2:0/112'],
      });
      // As files look once a machine has moved from one cluster to the other: each sends to the other's.
      other.write({ nodes: [...other.nodes, ...nodes] });
      cluster.write({ nodes: [...nodes, ...other.nodes] });
      other.service({ name: 'theirs' });
      await other.startAgents();
      for (const address of await other.allocated('theirs')) await other.owner(address);
      await scene.says(owner, /Another cluster, \\"other\\", runs Fairlead/);
      await waitFor(
        async () => {
          const { segments } = await other.status(other.nodes[0] ?? owner);
          return /Another cluster, \\"lab\\", runs Fairlead/.test(JSON.stringify(segments));
        },
        { what: 'the other cluster to name ours', deadlineMs: 20_000 },
      );
      return async () => {
        await other.killAgents();
        cluster.write({ nodes });
      };
    },
    expect: () => unnoticed,
  },
  {
    name: 'newer-version',
    title: 'heartbeats of newer versions, one that we can follow and one that we cannot',
    strike: async (scene) => {
      const { lab, cluster, owner } = scene;
      const newcomer = { node: 'newcomer', address: '192.0.2.61' as IpAddress };
      const stranger = { node: 'stranger', address: '192.0.2.62' as IpAddress };
      const host = await lab.foreign('newer', {
        nics: [
          {
            switch: cluster.lan,
            addresses: [`${newcomer.address}/24`, `${stranger.address}/24`],
          },
        ],
      });
      const common = {
        cluster: 'lab',
        keyFile: join(lab.directory, 'lab.key'),
        peers: peers(scene),
      };
      const tools = [
        await startMembers(host, { ...common, members: [newcomer], newer: 'compatible' }),
        await startMembers(host, { ...common, members: [stranger], newer: 'incompatible' }),
      ];
      await scene.says(owner, /"node":"newcomer","live":true,"standing":"active"/);
      await scene.says(owner, /The node at 192\.0\.2\.62 speaks rules that this version does not/);
      return async () => {
        await Promise.all(tools.map((tool) => tool[Symbol.asyncDispose]()));
      };
    },
    expect: () => unnoticed,
  },
];

function peers({ nodes }: ObservedCluster) {
  return nodes.flatMap((node) => {
    const address = node.addressOf(4);
    return address === undefined ? [] : [{ node: node.name, address }];
  });
}
