import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import type { Node } from '../node.ts';
import type { ObservedCluster } from '../standalone/observed-cluster.ts';
import { waitFor } from '../wait-for.ts';
import {
  handedOver,
  nobodyLeft,
  takenOver,
  unnoticed,
  type Heal,
  type OwnershipFault,
} from './ownership-fault.ts';

const endsByItself: Heal = () => {};

/** The two of the three commonest faults that are the agent's; the third is a cut cable. */
export const agentDeaths: readonly OwnershipFault[] = [
  {
    name: 'kill',
    title: 'its agent is killed: what is pinned goes on, another node answers',
    strike: async ({ cluster, owner }) => {
      cluster.agent(owner).kill();
      await cluster.agent(owner).exited;
      return async () => void (await cluster.startAgent(owner));
    },
    expect: (nodes) =>
      nodes === 1
        ? // Who knows no peer has its fence a minute ahead. The new agent begins in silence.
          { during: 'owner', unanswered: 'while it lasts', lost: 'none' }
        : { ...takenOver, owners: handedOver.owners, lost: 'none' },
  },
  {
    name: 'freeze',
    title: 'its agent is frozen with a hundred questions unread, and thawed: no stale answer',
    strike: async ({ cluster, owner }) => {
      await cluster.agent(owner).freeze();
      return () => cluster.agent(owner).thaw();
    },
    expect: (nodes) =>
      nodes === 1 ? unnoticed : { ...takenOver, owners: handedOver.owners, lost: 'none' },
  },
];

/** What else may happen to agents, or is done with them. */
export const agentFaults: readonly OwnershipFault[] = [
  {
    name: 'main-2s',
    title: 'its main thread stands still for 2 s: nothing happens',
    questions: 500,
    strike: async ({ cluster, owner }) => {
      await cluster.blockMainThread(owner, 2_000);
      return endsByItself;
    },
    expect: () => unnoticed,
  },
  {
    name: 'main-10s',
    title: 'its main thread stands still for 10 s: handed over once, and back',
    strike: async ({ cluster, owner }) => {
      await cluster.blockMainThread(owner, 10_000);
      return async () => {
        await waitFor(() => cluster.status(owner), {
          what: `the agent of ${owner.name}`,
          deadlineMs: 30_000,
        });
      };
    },
    // Where nobody else can, a hung node goes on.
    expect: (nodes) => (nodes === 1 ? unnoticed : handedOver),
  },
  {
    name: 'restart',
    title: 'its agent is stopped and started again: no question unanswered, no packet lost',
    strike: async ({ cluster, owner }) => {
      await stopAgent(cluster, owner);
      return async () => void (await cluster.startAgent(owner));
    },
    expect: (nodes) => (nodes === 1 ? { ...nobodyLeft, lost: 'none' } : handedOver),
  },
  {
    name: 'rolling-restart',
    title: 'all agents are restarted, one after the other: handed over and back, nothing lost',
    strike: async (scene) => {
      const { cluster, nodes } = scene;
      for (const node of nodes) {
        await stopAgent(cluster, node);
        await cluster.startAgent(node);
        await scene.settled();
      }
      return endsByItself;
    },
    expect: (nodes) =>
      nodes === 1
        ? { during: 'owner', unanswered: 'while it lasts', lost: 'none' }
        : { ...handedOver, during: 'owner' },
  },
  {
    name: 'boot',
    title: 'all nodes boot at once: one owner as soon as they have met',
    strike: async ({ cluster, nodes }) => {
      await cluster.killAgents();
      // After a boot nothing is pinned.
      await Promise.all(nodes.map((node) => cluster.fairlead(node, 'cleanup')));
      await cluster.startAgents();
      return endsByItself;
    },
    expect: () => ({ during: 'anybody', unanswered: 'while it lasts', lost: 'unwatched' }),
  },
  {
    name: 'excluded',
    title: 'it is excluded by its label, and later not: handed over both times',
    questions: 200,
    strike: async ({ cluster, owner }) => {
      cluster.write({ excludedNodes: [owner] });
      return () => cluster.write({ excludedNodes: [] });
    },
    expect: (nodes) => (nodes === 1 ? { ...nobodyLeft, lost: 'none' } : handedOver),
  },
  {
    name: 'busy',
    title: 'both processor cores of all nodes are kept busy by others: no false take-over',
    questions: 60 * 200,
    soakQuestions: 600 * 200,
    strike: async ({ observer }) => {
      const loops = await Promise.all(
        Array.from({ length: 2 * availableParallelism() }, () =>
          observer.spawn(['sh', '-c', 'while :; do :; done'], { name: 'busy' }),
        ),
      );
      return async () => {
        await Promise.all(loops.map((loop) => loop[Symbol.asyncDispose]()));
      };
    },
    // Its fence may run out for a moment, and the pods may be too busy to send back what they get.
    expect: () => ({ ...unnoticed, unanswered: 'while it lasts', lost: 'unwatched' }),
  },
];

async function stopAgent(cluster: ObservedCluster['cluster'], node: Node): Promise<void> {
  const { code, signal } = await cluster.agent(node).stop();
  assert.equal(code, 0, `the agent of ${node.name} ended by ${signal ?? `code ${code}`}`);
}
