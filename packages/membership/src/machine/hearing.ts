import type { IpAddress, MacAddress } from '@fairlead/ip';
import {
  nodeClass,
  type DropReason,
  type Heartbeat,
  type Holding,
  type PeerEntry,
} from '../codec/heartbeat.ts';
import { sameBuckets } from '../bucket-set.ts';
import { believe, noHoldings, type Peer } from './peer.ts';
import type { PeerTable } from './peer-table.ts';
import type { SentLog } from './sent-log.ts';
import type { Timing } from './timing.ts';

/** An incarnation is believed once it quotes a heartbeat that we sent no longer ago than this. */
const beliefMs = 1000;

/** Who is listening: what is needed to read a heartbeat addressed to us. */
export interface Listener {
  readonly node: string;
  readonly id: number;
  readonly incarnation: number;
  readonly timing: Timing;
  readonly sent: SentLog;
  readonly peers: PeerTable;
  readonly standing: { readonly alone: boolean };
  /** Other peers of whom a heartbeat said something that has to be judged at once. */
  readonly touched: Peer[];
  /** Counts changes of what `SegmentMember.peers` tells. */
  peersRevision: number;
}

/**
 * Takes in a heartbeat whose signature was right. Returns the peer whose state it changed, or why it was
 * dropped.
 */
export function hear(
  listener: Listener,
  beat: Heartbeat,
  from: IpAddress,
  now: number,
): Peer | DropReason {
  if (beat.node === listener.node) return 'own-name';
  const peer = listener.peers.admit(beat.node, listener.timing);
  if (peer === undefined) return 'too-many-peers';
  const quotedAt = quoteTime(listener, beat);
  if (beat.incarnation !== peer.incarnation) {
    const reason = meetIncarnation(peer, beat, quotedAt, now);
    if (reason !== undefined) {
      if (reason === 'candidate') peer.replyTo = from;
      return reason === 'candidate' ? peer : reason;
    }
  } else if (beat.sequence <= peer.heardSequence) {
    return 'replayed';
  }
  if (now >= peer.heardAt + peer.deadAfterMs) peer.heardSince = now;
  peer.heardSequence = beat.sequence;
  peer.heardAt = now;
  const expected = judgeQuote(listener, peer, beat, quotedAt, now);
  if (declare(peer, beat, hearsUsNow(listener, quotedAt, now))) listener.peersRevision += 1;
  if (!expected) {
    // It does not seem to hear us, so it is answered at once.
    peer.replyTo = from;
  } else if (peer.learned !== from) {
    peer.learned = from;
    listener.peersRevision += 1;
  }
  // A node that is alone hears first from one that does not count it. On its hearsay all others would be live, and
  // the two sides would never be told apart.
  if (expected || !listener.standing.alone) {
    for (const entry of beat.peers) relay(listener, entry, now);
  }
  return peer;
}

/** What it quotes was sent just now: within a lost heartbeat, it hears us. */
function hearsUsNow(listener: Listener, quotedAt: number | undefined, now: number): boolean {
  return quotedAt !== undefined && now < quotedAt + 2 * listener.timing.intervalMs;
}

/** When we sent the heartbeat that this one quotes; undefined where it quotes none of this incarnation. */
function quoteTime(listener: Listener, beat: Heartbeat): number | undefined {
  let newest: number | undefined;
  for (const { id, incarnation, heard } of beat.peers) {
    if (id !== listener.id || incarnation !== listener.incarnation || heard === undefined) continue;
    const sentAt = listener.sent.sentAt(heard);
    if (sentAt !== undefined && (newest === undefined || sentAt > newest)) newest = sentAt;
  }
  return newest;
}

/**
 * Another incarnation than the believed one: believed if it proves that it lives now, else remembered so that
 * our next heartbeat gives it something to quote. Undefined = believed.
 */
function meetIncarnation(
  peer: Peer,
  beat: Heartbeat,
  quotedAt: number | undefined,
  now: number,
): 'candidate' | 'replayed' | undefined {
  if (quotedAt !== undefined && now <= quotedAt + beliefMs) {
    believe(peer, beat.incarnation);
    return undefined;
  }
  if (peer.retired.includes(beat.incarnation)) return 'replayed';
  const { candidate } = peer;
  if (candidate?.incarnation === beat.incarnation && beat.sequence <= candidate.sequence) {
    return 'replayed';
  }
  peer.candidate = { incarnation: beat.incarnation, sequence: beat.sequence, heardAt: now };
  return 'candidate';
}

/**
 * The newest entry holds; a heartbeat itself may be older than what another node passed on. Returns whether
 * the peer has other MACs than before.
 */
function declare(peer: Peer, beat: Heartbeat, hearsUs: boolean): boolean {
  if (!sameHoldings(peer.holdings, beat.holdings)) {
    peer.holdings = new Map(beat.holdings.map((holding) => [holding.announcement, holding]));
  }
  peer.liveCount = beat.liveCount;
  peer.fresh = beat.fresh;
  peer.intervalMs = beat.intervalMs;
  peer.version = beat.version;
  const moved = beat.macs.length > 0 && !sameMacs(beat.macs, peer.macs);
  if (moved) peer.macs = beat.macs;
  if (beat.sequence < peer.declaredSequence) return moved;
  peer.declaredSequence = beat.sequence;
  peer.deadAfterMs = beat.deadAfterMs;
  // Alone, it is another side's owner if it hears us; if not, it is as good as silent, and its echo decides.
  peer.alone = beat.alone && hearsUs;
  if (!beat.alone) peer.class = beat.class;
  return moved;
}

/**
 * A heartbeat is evidence as far as it proves that its sender hears us: not beyond the time when we sent
 * what it quotes, plus what one lost heartbeat may add. Returns whether it was as expected.
 */
function judgeQuote(
  listener: Listener,
  peer: Peer,
  beat: Heartbeat,
  quotedAt: number | undefined,
  now: number,
): boolean {
  if (quotedAt === undefined) return false;
  const evidenceAt = Math.min(now, quotedAt + quoteSlack(listener.timing));
  if (now >= evidenceAt + beat.deadAfterMs) return false;
  peer.mutualAt = Math.max(peer.mutualAt, evidenceAt);
  peer.quotedAt = Math.max(peer.quotedAt, quotedAt);
  peer.evidenceAt = Math.max(peer.evidenceAt, evidenceAt);
  peer.provenSequence = beat.sequence;
  // Where it is less than full evidence to us, another node may have heard more in the same heartbeat.
  if (evidenceAt === now) peer.evidenceSequence = beat.sequence;
  return true;
}

/** The margin between a peer's dead-after and its TTL, less what its own lost heartbeat takes of it. */
function quoteSlack(timing: Timing): number {
  return timing.intervalMs - 25;
}

/** What the sender heard of a third node counts where it is newer than all that we have. */
function relay(listener: Listener, entry: PeerEntry, now: number): void {
  const { live } = entry;
  if (live === undefined || entry.id === listener.id || entry.incarnation === 0) return;
  const peer = listener.peers.byId(entry.id);
  if (peer === undefined) return;
  const evidenceAt = now - live.ageMs;
  if (now >= evidenceAt + live.deadAfterMs) return;
  if (entry.incarnation !== peer.incarnation) {
    if (peer.retired.includes(entry.incarnation) || evidenceAt <= peer.evidenceAt) return;
    believe(peer, entry.incarnation);
  }
  if (live.sequence > peer.evidenceSequence) {
    peer.evidenceSequence = live.sequence;
    peer.provenSequence = Math.max(peer.provenSequence, live.sequence);
    peer.evidenceAt = Math.max(peer.evidenceAt, evidenceAt);
  }
  if (live.sequence > peer.declaredSequence) {
    peer.declaredSequence = live.sequence;
    // Who has begun to join let everything go, whatever it held when it was last heard.
    if (live.class === nodeClass.joining && peer.class !== live.class) peer.holdings = noHoldings;
    peer.class = live.class;
    peer.alone = false;
    peer.deadAfterMs = live.deadAfterMs;
  }
  if (!peer.live || peer.class !== peer.judgedClass) listener.touched.push(peer);
}

function sameMacs(old: readonly MacAddress[], present: readonly MacAddress[]): boolean {
  return old.length === present.length && old.every((mac, index) => mac === present[index]);
}

function sameHoldings(old: ReadonlyMap<number, Holding>, present: readonly Holding[]): boolean {
  if (old.size !== present.length) return false;
  return present.every(({ announcement, held, offered }) => {
    const before = old.get(announcement);
    return (
      before !== undefined && sameBuckets(before.held, held) && sameBuckets(before.offered, offered)
    );
  });
}
