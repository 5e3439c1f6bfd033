import type { Peer } from './machine/peer.ts';
import type { SegmentProblem } from './machine/problem.ts';
import { maximumAnnouncements, maximumPeers } from './machine/configuration.ts';
import type { Segment } from './machine/segment.ts';
import type { JoinReason } from './machine/standing.ts';
import { isOneWay } from './machine/surroundings.ts';
import { heartbeatPort } from './codec/heartbeat.ts';
import type { Observations } from './observations.ts';

/** A datagram that was dropped is worth a word for so long. */
const rememberedMs = 60_000;
/** Lost heartbeats alone make a peer look blocked for a moment. */
const blockedForMs = 2000;

const joinReasons = {
  start: 'it has just started',
  pause: 'it stood still for longer than the others wait',
  'other-side': 'it was cut off and gave way to the other side',
  'main-thread': 'its main thread had stopped',
} as const satisfies Record<JoinReason, string>;

/** All that stands in the way of this segment, in words. */
export function segmentProblems(
  segment: Segment,
  observations: Observations,
  now: number,
): SegmentProblem[] {
  return [
    ...peerProblems(segment, now),
    ...standingProblems(segment),
    ...configProblems(segment),
    ...wireProblems(observations, now),
  ];
}

function peerProblems(segment: Segment, now: number): SegmentProblem[] {
  const problems: SegmentProblem[] = [];
  for (const peer of segment.peers.all) {
    if (peer.blocked && now >= peer.blockedSince + blockedForMs) {
      problems.push(blocked(peer));
    } else if (segment.isUnmet(peer)) {
      problems.push({ ...blocked(peer), code: 'never-met' });
    } else if (isOneWay(peer, segment.timing, now)) {
      problems.push({
        code: 'one-way',
        message: `Heartbeats of node ${peer.node} arrive, but it does not hear this node. Look for a firewall or a link that passes one direction only.`,
      });
    }
  }
  return problems;
}

function blocked({ node }: Peer): SegmentProblem {
  return {
    code: 'heartbeats-blocked',
    message: `Node ${node} answers ARP, but its heartbeats do not arrive. Allow UDP port ${heartbeatPort} between the nodes in both directions.`,
  };
}

function standingProblems({ standing }: Segment): SegmentProblem[] {
  const problems: SegmentProblem[] = [];
  if (standing.hung) {
    problems.push({
      code: 'main-thread',
      message: 'The main thread has been silent for 5 s, so other nodes take the addresses.',
    });
  } else if (standing.phase === 'joining') {
    const reason = joinReasons[standing.joinReason];
    problems.push({
      code: 'joining',
      message: `This node takes no addresses yet because ${reason}. It does so by itself when its wait is over.`,
    });
  } else if (standing.behind) {
    problems.push({
      code: 'behind',
      message:
        'This node has had no news of the cluster for 30 s, so nodes with newer news go first. Look at its connection to the API server.',
    });
  }
  return problems;
}

function configProblems(segment: Segment): SegmentProblem[] {
  const problems: SegmentProblem[] = [];
  if (!segment.config.roundRobin) {
    problems.push({
      code: 'slow-scheduling',
      message:
        'SCHED_RR was refused, so failover takes up to 0.75 s. Give the agent the capability SYS_NICE.',
    });
  }
  if (segment.refusedPeers.length > 0) {
    problems.push({
      code: 'too-many-peers',
      message: `No room for nodes ${segment.refusedPeers.join(', ')}. A segment has at most ${maximumPeers + 1} nodes, and no two names with the same hash.`,
    });
  }
  if (segment.refusedAnnouncements > 0) {
    problems.push({
      code: 'too-many-announcements',
      message: `${segment.refusedAnnouncements} Announcements are left out. A segment has at most ${maximumAnnouncements}.`,
    });
  }
  return problems;
}

function wireProblems(observations: Observations, now: number): SegmentProblem[] {
  const since = now - rememberedMs;
  const words = {
    'foreign-cluster': (from: string) =>
      `Another cluster, ${JSON.stringify(observations.foreignCluster)}, runs Fairlead on this network (from ${from}). Its heartbeats are ignored; see to it that the pools do not overlap.`,
    'newer-version': (from: string) =>
      `The node at ${from} speaks rules that this version does not know. Upgrade this agent.`,
    'unknown-key': (from: string) =>
      `Heartbeats from ${from} are signed with a key that is not known here. Give all nodes the same keys.`,
    'bad-mac': (from: string) =>
      `Heartbeats from ${from} carry a wrong signature. Somebody forges them, or two keys have the same id.`,
    'own-name': (from: string) =>
      `Another machine, ${from}, uses this node's name. Give every node a name of its own.`,
  } as const satisfies Partial<Record<SegmentProblem['code'], (from: string) => string>>;
  const problems: SegmentProblem[] = [];
  for (const code of [
    'foreign-cluster',
    'newer-version',
    'unknown-key',
    'bad-mac',
    'own-name',
  ] as const) {
    const from = observations.lastFrom(code, since);
    if (from !== undefined) problems.push({ code, message: words[code](from) });
  }
  return problems;
}
