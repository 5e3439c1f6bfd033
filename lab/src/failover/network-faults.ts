import { setTimeout as pause } from 'node:timers/promises';
import type { Node } from '../node.ts';
import type { ObservedCluster } from '../standalone/observed-cluster.ts';
import { nobodyLeft, takenOver, unnoticed, type OwnershipFault } from './ownership-fault.ts';

/** A cable that is pulled and plugged in again: for how long it is out, and in, ms. */
const FLAPS = [
  { outMs: 60, inMs: 150 },
  { outMs: 250, inMs: 100 },
  { outMs: 500, inMs: 400 },
  { outMs: 120, inMs: 60 },
] as const;

/** Heartbeats and all else may come no further than to some, but traffic is not what is in question. */
const unwatched = { ...unnoticed, lost: 'unwatched' } as const;

export const cableCut: OwnershipFault = {
  name: 'cut',
  title: 'its link is cut, and later whole again: another node answers meanwhile',
  strike: async ({ owner }) => {
    const cut = await owner.nic.cut();
    return () => cut.heal();
  },
  expect: (nodes) => {
    // The node's kernel forgets where the client is, and asks for it once a second: that goes on after the healing.
    if (nodes === 1) return { ...nobodyLeft, lost: 'unwatched' };
    // Of two, the owner keeps what it has, and its switch has yet to learn again in which groups it is.
    return nodes === 2 ? { ...takenOver, unanswered: 'while it lasts' } : takenOver;
  },
};

/** What may happen to the wire. */
export const networkFaults: readonly OwnershipFault[] = [
  {
    name: 'flapping',
    title: 'its link flaps: one owner in the end, no connection broken',
    strike: async ({ owner }) => {
      for (const { outMs, inMs } of FLAPS) {
        const cut = await owner.nic.cut();
        await pause(outMs);
        await cut.heal();
        await pause(inMs);
      }
      return () => {};
    },
    expect: (nodes) => ({
      during: 'anybody',
      unanswered: 'while it lasts',
      // As behind a cut: one node goes on when its kernel has found the client again.
      lost: nodes === 1 ? 'unwatched' : 'while it lasts',
    }),
  },
  {
    name: 'split',
    title: 'the segment is split, and healed: one owner on each side, one afterwards',
    leastNodes: 2,
    questions: 200,
    strike: async ({ cluster, owner, others }) => {
      const split = await cluster.lan.split([owner], others);
      return () => split.heal();
    },
    expect: () => ({ during: 'each side', unanswered: 'none', lost: 'unwatched' }),
  },
  {
    name: 'deaf',
    title: 'the owner is deaf: another node answers',
    strike: async ({ owner }) => {
      const deaf = await owner.nic.oneWay('in');
      return () => deaf.heal();
    },
    expect: (nodes) => (nodes === 1 ? nobodyLeft : takenOver),
  },
  {
    name: 'mute',
    title: 'nobody hears the owner, which hears all: another node answers',
    questions: 200,
    strike: async ({ owner }) => {
      const mute = await owner.nic.oneWay('out');
      return () => mute.heal();
    },
    expect: (nodes) => (nodes === 1 ? nobodyLeft : takenOver),
  },
  {
    name: 'pair-cut',
    title: 'two nodes do not reach each other while both reach a third: nothing happens',
    leastNodes: 3,
    questions: 600,
    strike: async (scene) => {
      const cut = await scene.lab.cutBetween(scene.owner, last(scene));
      return () => cut.heal();
    },
    expect: () => unwatched,
  },
  {
    name: 'other-deaf',
    title: 'a node other than the owner is deaf: nothing happens',
    leastNodes: 2,
    questions: 600,
    strike: async (scene) => {
      const deaf = await first(scene).nic.oneWay('in');
      return () => deaf.heal();
    },
    // It believes to be alone, and may answer from the healing until it hears somebody.
    expect: () => ({ during: 'owner', unanswered: 'none', lost: 'unwatched' }),
  },
  {
    name: 'one-way',
    title: 'a link passes one way only between two nodes: nothing happens, if there is a third',
    leastNodes: 2,
    questions: 600,
    strike: async (scene) => {
      const { lab, owner } = scene;
      const filter = await lab.filter({ protocol: 'any', from: [owner], to: [first(scene)] });
      return () => filter.heal();
    },
    // The only other node cannot tell it from a death.
    expect: (nodes) =>
      nodes === 2 ? { during: 'each side', unanswered: 'none', lost: 'unwatched' } : unwatched,
  },
  {
    name: 'heartbeats-filtered',
    title: 'heartbeats are filtered while ARP passes: nobody takes over, and status says why',
    leastNodes: 2,
    questions: 200,
    strike: async (scene) => {
      const filter = await scene.lab.filter({ protocol: 'udp', port: 7476 });
      for (const node of [scene.owner, first(scene)]) {
        await scene.says(node, /Allow UDP port 7476/);
      }
      return () => filter.heal();
    },
    expect: () => unnoticed,
  },
];

function first({ others }: ObservedCluster): Node {
  return others[0] ?? missing();
}

function last({ others }: ObservedCluster): Node {
  return others.at(-1) ?? missing();
}

function missing(): never {
  throw new RangeError('this fault needs another node than the owner');
}
