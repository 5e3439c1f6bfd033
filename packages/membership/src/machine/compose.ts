import {
  minimumProtocolVersion,
  nodeClass,
  protocolVersion,
  type Heartbeat,
  type Holding,
  type PeerEntry,
} from '../codec/heartbeat.ts';
import { isEmpty, type BucketSet } from '../bucket-set.ts';
import type { Peer } from './peer.ts';
import type { SegmentConfig } from './configuration.ts';
import type { PeerTable } from './peer-table.ts';
import type { SentLog } from './sent-log.ts';
import type { Standing } from './standing.ts';
import type { Timing } from './timing.ts';

/** What a heartbeat is made from. */
interface Speaker {
  readonly node: string;
  readonly incarnation: number;
  readonly liveCount: number;
  readonly config: SegmentConfig;
  readonly timing: Timing;
  readonly standing: Standing;
  readonly sent: SentLog;
  readonly peers: PeerTable;
  readonly holdings: ReadonlyMap<number, { readonly held: BucketSet; readonly offered: BucketSet }>;
}

/** For how long an incarnation that is not believed yet is given something to quote. */
const candidateQuotedMs = 1000;
const longestAgeMs = 0xffff;

/** What this node has to say at `now`. */
export function compose(speaker: Speaker, now: number): Heartbeat {
  const { standing, timing, config } = speaker;
  const peers: PeerEntry[] = [];
  for (const peer of speaker.peers.all) addEntries(peers, peer, now);
  const holdings: Holding[] = [];
  for (const [announcement, { held, offered }] of speaker.holdings) {
    if (!isEmpty(held)) holdings.push({ announcement, held, offered });
  }
  return {
    version: protocolVersion,
    minimumVersion: minimumProtocolVersion,
    node: speaker.node,
    incarnation: speaker.incarnation,
    sequence: speaker.sent.next(now),
    intervalMs: timing.intervalMs,
    deadAfterMs: timing.deadAfterMs,
    class: standing.alone ? nodeClass.out : standing.class,
    alone: standing.alone,
    fresh: standing.isFresh(now),
    liveCount: speaker.liveCount,
    macs: config.macs,
    peers,
    holdings,
  };
}

function addEntries(entries: PeerEntry[], peer: Peer, now: number): void {
  const { id, candidate, incarnation, deadAfterMs } = peer;
  if (incarnation !== 0) {
    const heard = now < peer.heardAt + deadAfterMs ? peer.heardSequence : undefined;
    const alive = !peer.alone && now < peer.evidenceAt + deadAfterMs;
    const ageMs = Math.min(Math.ceil(now - peer.evidenceAt), longestAgeMs);
    const live = alive
      ? { sequence: peer.provenSequence, ageMs, class: peer.class, deadAfterMs }
      : undefined;
    if (heard !== undefined || live !== undefined) entries.push({ id, incarnation, heard, live });
  }
  if (candidate !== undefined && now < candidate.heardAt + candidateQuotedMs) {
    entries.push({
      id,
      incarnation: candidate.incarnation,
      heard: candidate.sequence,
      live: undefined,
    });
  }
}
