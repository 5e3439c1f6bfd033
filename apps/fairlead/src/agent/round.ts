import { decideAnnouncements, type AnnouncePlan, type SegmentMembers } from '@fairlead/announce';
import {
  unchanged,
  type Allocations,
  type ClusterState,
  type NodeName,
  type Problem,
} from '@fairlead/cluster';
import { decideLanding, type LandPlan } from '@fairlead/land';
import type { InterfaceAddress, NetworkInterface } from '@fairlead/linux';
import { decideSteering, type SteerPlan, type SteerSegment } from '@fairlead/steer';
import type { ObjectSource } from './objects/object-source.ts';

/** All that one round decides from. */
export interface RoundInput {
  readonly self: NodeName;
  readonly state: ClusterState;
  readonly interfaces: readonly NetworkInterface[];
  readonly addresses: readonly InterfaceAddress[];
  readonly interfaceGlobs: readonly string[];
}

/** All that one round decides: plain data, nothing done yet. */
export interface Round {
  readonly state: ClusterState;
  readonly allocations: Allocations;
  readonly announce: AnnouncePlan;
  readonly land: LandPlan;
  readonly steer: SteerPlan;
  /** What people have to mend, of every verb. */
  readonly problems: readonly Problem[];
}

/** What depends on the objects alone: kept while they stay, as most rounds are about interfaces. */
interface ObjectDecisions {
  readonly state: ClusterState;
  readonly allocations: Allocations;
  readonly steer: SteerPlan;
}

/** Decides what must be true on this node, verb by verb. */
export class Rounds {
  readonly #objects: Pick<ObjectSource, 'allocations' | 'landingNodes'>;
  #last: ObjectDecisions | undefined;
  #landingNodes: ReadonlySet<NodeName> | undefined;

  constructor(objects: Pick<ObjectSource, 'allocations' | 'landingNodes'>) {
    this.#objects = objects;
  }

  decide({ self, state, ...facts }: RoundInput): Round {
    const { allocations, steer } = this.#decideObjects(self, state);
    const announce = decideAnnouncements(state, allocations, { self, ...facts });
    const land = decideLanding(state, allocations, self, {
      announcingInterfaces: announce.segments.map(({ interfaceName }) => interfaceName),
    });
    const refusals: Problem[] = [];
    for (const { problems } of allocations.values()) refusals.push(...problems);
    return {
      state,
      allocations,
      announce,
      land,
      steer,
      problems: [...state.problems, ...refusals, ...announce.problems, ...steer.problems],
    };
  }

  #decideObjects(self: NodeName, state: ClusterState): ObjectDecisions {
    if (this.#last?.state === state) return this.#last;
    const allocations = this.#objects.allocations(state);
    // The same object while it says the same: then only Services that have changed are decided anew.
    const landingNodes = unchanged(this.#landingNodes, this.#objects.landingNodes(state));
    this.#landingNodes = landingNodes;
    const steer = decideSteering(state, allocations, self, { landingNodes });
    this.#last = { state, allocations, steer };
    return this.#last;
  }
}

/** Segments as steering sees them: one for each port that frames come in by, with who is there. */
export function steerSegments(
  { segments }: AnnouncePlan,
  members: ReadonlyMap<string, SegmentMembers>,
): SteerSegment[] {
  return segments.flatMap(({ interfaceName, mac, ports, peers }) => {
    const heard = new Map(members.get(interfaceName)?.members.map((each) => [each.node, each]));
    const nodes = new Set([...peers.map(({ node }) => node), ...heard.keys()]);
    const steerPeers = Array.from(nodes, (node) => {
      const [first, ...otherMacs] = heard.get(node)?.macs ?? [];
      return { node, mac: first, otherMacs, live: heard.get(node)?.reachable };
    });
    return ports.map((interfaceIndex) => ({ interfaceIndex, mac, peers: steerPeers }));
  });
}
