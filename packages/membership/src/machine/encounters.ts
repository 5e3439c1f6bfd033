import { nodeClass, type Heartbeat } from '../codec/heartbeat.ts';
import { echoSpacingMs, echoWindowMs } from './live-set.ts';
import type { Peer } from './peer.ts';
import type { Standing } from './standing.ts';
import type { Timing } from './timing.ts';

interface Self {
  readonly node: string;
  readonly id: number;
  readonly incarnation: number;
  readonly timing: Timing;
}

/**
 * Whether the sender is an owner that hears us right now and does not count us. Then there are two sides,
 * and a node that is alone has to give way to the larger view, or else to the lower id.
 */
export function isOtherSide(self: Self, peer: Peer, beat: Heartbeat, now: number): boolean {
  const owner = beat.alone || beat.class <= nodeClass.behind;
  const hearsUs = now < peer.quotedAt + 2 * self.timing.intervalMs;
  const counted = beat.peers.some(
    ({ id, incarnation, live }) =>
      id === self.id && incarnation === self.incarnation && live !== undefined,
  );
  return owner && hearsUs && !counted && (beat.liveCount > 1 || peer.node < self.node);
}

/**
 * When a node that joins and never met anyone asks a peer by ARP: before it believes to be the only one,
 * then every interval.
 */
export function strangerEchoAt(peer: Peer, standing: Standing, timing: Timing): number {
  const { phase, joinStartedAt } = standing;
  if (phase !== 'joining' || peer.macs.length === 0) return Infinity;
  const { deadAfterMs, intervalMs } = timing;
  const end = joinStartedAt + deadAfterMs;
  const start = end - echoWindowMs;
  const first =
    peer.echoAskedSince < start || peer.echoAskedAt < peer.echoAskedSince + echoWindowMs;
  return Math.max(start, peer.echoAskedAt + (first ? echoSpacingMs : intervalMs));
}

/** Whether such a peer has not yet been asked for the whole window. */
export function isStillAsked(peer: Peer, standing: Standing, now: number): boolean {
  return (
    peer.macs.length > 0 &&
    (peer.echoAskedSince < standing.joinStartedAt || now < peer.echoAskedSince + echoWindowMs)
  );
}
