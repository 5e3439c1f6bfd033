import { nodeClass } from '../codec/heartbeat.ts';
import type { HoldingsView, Peer } from './peer.ts';

/** Before a silent owner leaves the set it is asked this often by ARP, the last time right before the end. */
export const echoWindowMs = 50;
export const echoSpacingMs = 10;

/** For how long the buckets of a live peer count that is not heard directly. */
const holdingsKeptMs = 2000;

/** What a judgement found to be different from the one before. */
export interface LiveChange {
  /** Who is live, or as what class. */
  live: boolean;
  /** Who hears us. */
  mutual: boolean;
  /** Which buckets are known to be whose. */
  holdings: boolean;
}

/** Judges one peer at `now`: is it live, does it hear us, do its buckets count? */
export function judgePeer(peer: Peer, now: number, change: LiveChange): void {
  const believed = peer.incarnation !== 0;
  const counts = believed && !peer.alone;
  const live = counts && now < silenceEnd(peer, now);
  const blocked = live && now >= peer.evidenceAt + peer.deadAfterMs;
  const mutual = believed && now < peer.mutualAt + peer.deadAfterMs;
  const view = holdingsView(peer, blocked, now);
  if (live !== peer.live || (live && peer.class !== peer.judgedClass)) change.live = true;
  if (mutual !== peer.mutual) change.mutual = true;
  if (view !== peer.view || peer.holdings !== peer.judgedHoldings) change.holdings = true;
  if (blocked && !peer.blocked) peer.blockedSince = now;
  peer.live = live;
  peer.blocked = blocked;
  peer.mutual = mutual;
  peer.view = view;
  peer.judgedClass = peer.class;
  peer.judgedHoldings = peer.holdings;
}

/**
 * Whether what another node says of this peer can tell anything new: not while its own heartbeats come on time and
 * show that it hears us.
 */
export function needsHearsay(peer: Peer, now: number): boolean {
  return !peer.live || !peer.mutual || now >= peer.evidenceAt + 2 * peer.intervalMs;
}

/** An owner by its class, or one that held something when it was last heard. */
function mayAnswer(peer: Peer): boolean {
  return peer.class <= nodeClass.behind || peer.holdings.size > 0;
}

/** The last sign of life, be it a heartbeat or an echo. */
function lastSign(peer: Peer): number {
  return mayAnswer(peer) ? Math.max(peer.evidenceAt, peer.echoAt) : peer.evidenceAt;
}

function echoWindowStart(peer: Peer): number {
  return lastSign(peer) + peer.deadAfterMs - echoWindowMs;
}

/** When silence ends a peer's life: not before it was asked for the whole window, however late we woke up. */
function silenceEnd(peer: Peer, now: number): number {
  const end = lastSign(peer) + peer.deadAfterMs;
  if (!peer.live || !mayAnswer(peer) || peer.macs.length === 0) return end;
  const askedSince = peer.echoAskedSince < echoWindowStart(peer) ? now : peer.echoAskedSince;
  return Math.max(end, askedSince + echoWindowMs);
}

/** Notes that the peer is asked now; a series of questions that began earlier than `start` is another. */
export function noteEcho(peer: Peer, now: number, start = echoWindowStart(peer)): void {
  if (peer.echoAskedSince < start) peer.echoAskedSince = now;
  peer.echoAskedAt = now;
}

function holdingsView(peer: Peer, blocked: boolean, now: number): HoldingsView {
  if (now < peer.heardAt + peer.deadAfterMs) return 'direct';
  if (blocked || now < peer.heardAt + holdingsKeptMs) return 'kept';
  return 'empty';
}

/**
 * Whether the peer has to be asked by ARP now: its fence is ahead exactly while it may answer for
 * addresses, whatever became of its heartbeats.
 */
export function echoIsDue(peer: Peer, now: number): boolean {
  return now >= nextEcho(peer);
}

function nextEcho(peer: Peer): number {
  if (!peer.live || !mayAnswer(peer) || peer.macs.length === 0) return Infinity;
  const beforeEnd = Math.max(echoWindowStart(peer), peer.echoAskedAt + echoSpacingMs);
  return peer.blocked ? Math.min(beforeEnd, peer.echoAskedAt + peer.intervalMs) : beforeEnd;
}

/** When, after `now`, the judgement on this peer may change if nothing more is heard of it. */
export function nextJudgement(peer: Peer, now: number): number {
  let next = Infinity;
  const consider = (at: number): void => {
    if (at > now && at < next) next = at;
  };
  if (peer.live) {
    consider(nextEcho(peer));
    consider(peer.evidenceAt + peer.deadAfterMs);
    consider(silenceEnd(peer, now));
  }
  if (peer.mutual) consider(peer.mutualAt + peer.deadAfterMs);
  if (peer.view === 'direct') consider(peer.heardAt + peer.deadAfterMs);
  else if (peer.view === 'kept') consider(peer.heardAt + holdingsKeptMs);
  return next;
}
