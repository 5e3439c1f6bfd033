import { formatPrefix } from '@fairlead/ip';
import type { Node } from '../node.ts';
import { replaceNic } from '../replace-nic.ts';
import type { ObservedCluster } from '../standalone/observed-cluster.ts';
import { gatewayRoutes } from '../gateway-routes.ts';
import { waitFor } from '../wait-for.ts';
import { takenOver, nobodyLeft, unnoticed, type OwnershipFault } from './ownership-fault.ts';

/** What an administrator, or a program in his place, does to the owner's interface. */
export const interfaceFaults: readonly OwnershipFault[] = [
  {
    name: 'renamed',
    title: 'its interface is renamed: one node answers, and the agent uses it again',
    questions: 200,
    strike: async (scene) => {
      await rename(scene, 'eth0', 'lan0');
      await scene.settled();
      return () => rename(scene, 'lan0', 'eth0');
    },
    expect: () => ({ during: 'owner', unanswered: 'while it lasts', lost: 'unwatched' }),
  },
  {
    name: 'readdressed',
    title: 'its address changes, the new one first: nothing happens',
    questions: 300,
    strike: async ({ owner }) => {
      await owner.exec(['sysctl', '-qw', 'net.ipv4.conf.eth0.promote_secondaries=1']);
      await changeAddress(owner, '192.0.2.11/24', '192.0.2.31/24');
      return () => changeAddress(owner, '192.0.2.31/24', '192.0.2.11/24');
    },
    expect: () => unnoticed,
  },
  {
    name: 'replaced',
    title: 'its interface is removed and made anew: another node answers, and this one comes back',
    strike: async ({ owner }) => {
      await replaceNic(owner);
      return () => {};
    },
    expect: (nodes) =>
      nodes === 1
        ? { during: 'anybody', unanswered: 'while it lasts', lost: 'unwatched' }
        : { ...takenOver, lost: 'unwatched' },
  },
  {
    name: 'flushed',
    title: 'rules and addresses are flushed, and set again: another node answers meanwhile',
    strike: async ({ owner }) => {
      const { device, addresses, linkLocal } = owner.nic;
      const routes = await gatewayRoutes(owner, device);
      await owner.exec(['nft', 'flush', 'ruleset']);
      await owner.exec(['ip', 'address', 'flush', 'dev', device]);
      const own = [...addresses.map(formatPrefix), `${linkLocal}/64`];
      const lines = [
        ...own.map((prefix) => `address replace ${prefix} dev ${device}${noDad(prefix)}`),
        ...routes.map(({ to, via }) => `route replace ${to} via ${via}`),
      ];
      return async () => {
        await owner.exec(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
      };
    },
    // A node without routes resets the connections of its own pods.
    expect: (nodes) => (nodes === 1 ? { ...nobodyLeft, lost: 'unwatched' } : takenOver),
  },
];

/** Resolves when the agent has followed: until then it says that all is as before. */
async function rename(
  { cluster, owner }: ObservedCluster,
  from: string,
  to: string,
): Promise<void> {
  await owner.exec(['ip', 'link', 'set', 'dev', from, 'name', to]);
  await waitFor(async () => (await cluster.status(owner)).segments[0]?.interface === to, {
    what: `the agent to follow from ${from} to ${to}`,
    deadlineMs: 15_000,
  });
}

/** The network plugin follows in time: the kernel drops the routes to its pods with the address that they prefer. */
async function changeAddress(node: Node, from: string, to: string): Promise<void> {
  const [old = '', present = ''] = [from, to].map((prefix) => `src ${prefix.split('/')[0]}`);
  const { stdout } = await node.exec(['ip', '-4', 'route', 'show', 'scope', 'link']);
  const routes = stdout.split('\n').filter((route) => !route.includes('proto kernel'));
  const lines = [
    `address add ${to} dev eth0`,
    ...routes
      .filter((route) => route.trim().endsWith(old))
      .map((route) => `route change ${route.trim().replace(old, present)}`),
    `address del ${from} dev eth0`,
  ];
  await node.exec(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

function noDad(prefix: string): string {
  return prefix.includes(':') ? ' nodad' : '';
}
