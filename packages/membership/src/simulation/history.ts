import { bucketCount } from '../bucket-set.ts';
import type { AnnouncementConfig } from '../machine/configuration.ts';
import { faultClasses, settledMs, type FaultClass } from './faults.ts';
import type { Load } from './load.ts';
import type { Incident } from './observer.ts';
import { Random } from './random.ts';
import { Stage } from './stage.ts';
import type { ObservedAddress } from './world.ts';

const addressesPerAnnouncement = 12;

/** How long after the last step everything must have come to rest. */
const restMs = 7500;

/** Small segments are the rule; a big one costs as much to simulate as twenty of them. */
const usualSizes = [...[1, 2, 2, 3, 3, 3, 4, 4, 5].flatMap((n) => [n, n, n, n]), 6, 7, 8, 9, 10];

/** What a seed stands for; everything else follows from it too. */
export interface Circumstances {
  readonly seed: number;
  readonly faults: readonly FaultClass[];
  readonly nodes: number;
  readonly loss: number;
  readonly load: Load;
  readonly announcements: readonly AnnouncementConfig[];
}

/** What happened in one history. */
export interface History {
  readonly circumstances: Circumstances;
  /** Longest time without an answer, and with two, for any address. */
  readonly outageMs: number;
  readonly overlapMs: number;
  readonly incidents: readonly Incident[];
  /** What is not as it must be at the end, in words. */
  readonly unsettled: readonly string[];
  readonly trace: readonly string[];
}

/** The circumstances of a seed. */
export function circumstancesOf(seed: number): Circumstances {
  const random = new Random(seed ^ 0x5bd1e995);
  const fault = faultClasses[seed % faultClasses.length];
  if (fault === undefined) throw new RangeError(`seed ${seed}`);
  const onlyTwo = fault.name.includes('the only two');
  const nodes = onlyTwo
    ? 2
    : Math.max(fault.leastNodes, random.pick(usualSizes));
  const load = random.pick(['idle', 'idle', 'busy', 'busy-plain'] as const);
  const loss = random.pick([0, 0, 0, 0, 0, 0, 0.01, 0.05, 0.1, 0.2]);
  const announcements = random.pick([[{ id: 0 }], [{ id: 0 }], [{ id: 0 }, { id: 7 }]]);
  return { seed, faults: [fault], nodes, loss, load, announcements };
}

/** Plays what a seed stands for. */
export function play(circumstances: Circumstances, traced = false): History {
  const { seed, nodes, load, announcements, loss } = circumstances;
  const addresses: ObservedAddress[] = [];
  const random = new Random(seed + 17);
  for (const { id } of announcements) {
    for (const bucket of random.sample(addressesPerAnnouncement, bucketCount)) {
      addresses.push({ announcement: id, bucket });
    }
  }
  const stage = new Stage({ seed, nodes, load, announcements, addresses, traced });
  const { world } = stage;
  for (const node of stage.nodes) {
    world.after(0, () => node.start());
  }
  world.after(settledMs - 100, () => {
    world.network.loss = loss;
  });
  for (const fault of circumstances.faults) fault.play(stage);
  world.runUntil(Math.round((stage.lastMs + restMs) * 1e6));
  const unsettled = settlement(stage, addresses.length);
  world.observer.finish(world.now);
  const { incidents } = world.observer;
  return {
    circumstances,
    outageMs: longest(incidents, 'none'),
    overlapMs: longest(incidents, 'two'),
    incidents,
    unsettled,
    trace: world.trace,
  };
}

function settlement(stage: Stage, addresses: number): string[] {
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
