import { bucketCount } from '../bucket-set.ts';
import type { AnnouncementConfig } from '../machine/configuration.ts';
import { timingFor, type Timing } from '../machine/timing.ts';
import { settledMs, type FaultClass } from './fault-class.ts';
import { faultClasses } from './fault-classes.ts';
import type { Load } from './load.ts';
import type { Incident } from './observer.ts';
import { Random } from './random.ts';
import type { SimulatedNode } from './simulated-node.ts';
import { nodeName, Stage } from './stage.ts';
import type { ObservedAddress } from './world.ts';

const addressesPerAnnouncement = 12;

/** How long after the last step everything must have come to rest: a node that joins anew waits up to 5 s. */
const restMs = 7000;

/** Nothing is lost at the very end, or else somebody might just be mistaken. */
const quietMs = 1500;

/** Small segments are the rule; a big one costs as much to simulate as twenty of them. */
const usualSizes = [...[1, 2, 2, 3, 3, 3, 4, 4, 5].flatMap((n) => [n, n, n, n]), 6, 7, 8, 9, 10];
const bigSize = 30;

/** What a seed stands for; everything else follows from it too. */
export interface Circumstances {
  readonly seed: number;
  readonly faults: readonly FaultClass[];
  readonly nodes: number;
  readonly loss: number;
  readonly load: Load;
  readonly timing: Timing;
  readonly announcements: readonly AnnouncementConfig[];
}

/** What happened in one history. */
export interface History {
  readonly circumstances: Circumstances;
  /** Longest time without an answer, and with two, for any address. */
  readonly outageMs: number;
  readonly overlapMs: number;
  readonly incidents: readonly Incident[];
  /** Addresses that moved though their owner was not concerned, one bit each. */
  readonly strayed: number;
  /** What is not as it must be, whatever the circumstances, in words. */
  readonly violations: readonly string[];
  readonly trace: readonly string[];
}

/** The circumstances of a seed. */
export function circumstancesOf(seed: number): Circumstances {
  const random = new Random(seed ^ 0x5bd1e995);
  const fault = faultClasses[seed % faultClasses.length];
  if (fault === undefined) throw new RangeError(`a seed is a whole number from 0 on, not ${seed}`);
  const another = random.pick(faultClasses.filter(({ pairs }) => pairs === true));
  const faults = fault.pairs === true && random.chance(0.25) ? [fault, another] : [fault];
  const least = Math.max(...faults.map(({ leastNodes }) => leastNodes));
  const usual = random.chance(0.002) ? bigSize : random.pick(usualSizes);
  const nodes = fault.cost === 'limit' ? 2 : Math.max(least, usual);
  const load = random.pick(['idle', 'idle', 'busy', 'busy-plain'] as const);
  const loss = random.pick([0, 0, 0, 0, 0, 0, 0.01, 0.05, 0.1, 0.2]);
  const timing = timingFor(nodes, load !== 'busy-plain');
  return { seed, faults, nodes, loss, load, timing, announcements: announcementsOf(random, nodes) };
}

function announcementsOf(random: Random, nodes: number): AnnouncementConfig[] {
  const kind = random.below(4);
  if (kind < 2) return [{ id: 0 }];
  if (kind === 2) return [{ id: 0 }, { id: 7 }];
  const names = Array.from({ length: nodes }, (_, index) => nodeName(index));
  const some = names.filter(() => random.chance(0.6));
  const candidates = some.length > 0 ? some : names;
  return [{ id: 0 }, { id: 7, candidates, preferred: [random.pick(candidates)] }];
}

/** Plays what a seed stands for. */
export function play(circumstances: Circumstances, traced = false): History {
  const { seed, nodes, load, announcements, loss, faults } = circumstances;
  const addresses = observedAddresses(announcements, new Random(seed + 17));
  const stage = new Stage({ seed, nodes, load, announcements, addresses, traced });
  const { world } = stage;
  // All at the same moment, so that all are mutual, and active, before the first tells the others.
  for (const node of stage.nodes) world.after(0, () => node.start());
  world.after(settledMs - 100, () => {
    world.network.loss = loss;
  });
  const concerned = faults.flatMap((fault) => fault.play(stage));
  world.runUntil(settledMs * 1e6);
  const guarded = unconcerned(stage, concerned, addresses.length);
  const others = new Set(concerned.map(({ index }) => index));
  world.moves.length = 0;
  const endMs = stage.lastMs + restMs;
  world.runUntil(Math.round((endMs - quietMs) * 1e6));
  world.network.loss = 0;
  world.runUntil(Math.round(endMs * 1e6));
  const violations = [...world.violations, ...unsettled(stage, addresses.length)];
  world.observer.finish(world.now);
  const { incidents } = world.observer;
  return {
    circumstances,
    outageMs: longest(incidents, 'none'),
    overlapMs: longest(incidents, 'two'),
    incidents,
    // What a concerned node does on its own side of a cut is no move to anybody else.
    strayed: world.moves.reduce(
      (all, { bit, node }) => all | (others.has(node) ? 0 : bit & guarded),
      0,
    ),
    violations,
    trace: world.trace,
  };
}

function observedAddresses(
  announcements: readonly AnnouncementConfig[],
  random: Random,
): ObservedAddress[] {
  return announcements.flatMap(({ id }) =>
    random
      .sample(addressesPerAnnouncement, bucketCount)
      .map((bucket) => ({ announcement: id, bucket })),
  );
}

/** Addresses whose owner is not concerned by the faults; none while a node still waits for its turn. */
function unconcerned(stage: Stage, concerned: readonly SimulatedNode[], addresses: number): number {
  if (stage.nodes.some(({ member }) => member?.snapshot().phase !== 'member')) return 0;
  // One that is left by all others may be the one that gives way when they meet again.
  if (stage.nodes.length - new Set(concerned).size < 2) return 0;
  let bits = 0;
  for (let address = 0; address < addresses; address++) {
    const [owner = -1] = stage.world.observer.answerers(0, address);
    const node = stage.nodes[owner];
    if (node !== undefined && !concerned.includes(node)) bits |= 1 << address;
  }
  return bits;
}

/** After all has come to rest, every address has one owner on each side where somebody could be it. */
function unsettled(stage: Stage, addresses: number): string[] {
  const { observer } = stage.world;
  const problems: string[] = [];
  for (const side of [0, 1]) {
    const able = observer.able(side);
    for (let address = 0; address < addresses; address++) {
      if (((able >>> address) & 1) === 0) continue;
      const answerers = observer.answerers(side, address);
      if (answerers.length === 1) continue;
      const names = answerers.map((index) => stage.nodes[index]?.name ?? '').join(' ');
      problems.push(`address ${address} on side ${side} ends with owners: ${names || 'nobody'}`);
    }
  }
  return problems;
}

function longest(incidents: readonly Incident[], kind: Incident['kind']): number {
  let longestNs = 0;
  for (const incident of incidents) {
    if (incident.kind !== kind || incident.fromNs < settledMs * 1e6) continue;
    longestNs = Math.max(longestNs, incident.toNs - incident.fromNs);
  }
  return longestNs / 1e6;
}
