import { nodeClass } from '../codec/heartbeat.ts';
import { isStillAsked } from './encounters.ts';
import type { Peer } from './peer.ts';
import type { PeerTable } from './peer-table.ts';
import type { Standing, Surroundings } from './standing.ts';
import type { Timing } from './timing.ts';

interface Observer {
  readonly peers: PeerTable;
  readonly standing: Standing;
}

/** Sums up what the peers' states mean for this node's own standing. */
export function surroundings(
  { peers, standing }: Observer,
  metAnyone: boolean,
  now: number,
): Surroundings {
  let knownPeers = 0;
  let allMutual = true;
  let anyLive = false;
  let anyOwner = false;
  let anyAlone = false;
  let anyFresh = false;
  let strangerAnswers = false;
  let stillAsking = false;
  for (const peer of peers.all) {
    if (!peer.known) continue;
    knownPeers += 1;
    allMutual &&= peer.mutual;
    anyLive ||= peer.live;
    anyOwner ||= peer.live && peer.class <= nodeClass.behind;
    anyAlone ||= peer.alone && peer.mutual;
    anyFresh ||= peer.live && peer.fresh;
    strangerAnswers ||= peer.echoAt >= standing.joinStartedAt;
    stillAsking ||= isStillAsked(peer, standing, now);
  }
  return {
    knownPeers,
    allMutual,
    anyLive,
    anyOwner,
    anyAlone,
    anyFresh,
    strangerAnswers: strangerAnswers && !metAnyone,
    stillAsking: stillAsking && !metAnyone,
  };
}

/** Heard for longer than any handshake takes, yet it does not hear us. */
export function isOneWay(peer: Peer, timing: Timing, now: number): boolean {
  return (
    peer.incarnation !== 0 &&
    !peer.mutual &&
    now < peer.heardAt + 2 * timing.intervalMs &&
    now >= peer.heardSince + timing.deadAfterMs
  );
}
