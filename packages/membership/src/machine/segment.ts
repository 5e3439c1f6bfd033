import { hash32, type IpAddress, type MacAddress } from '@fairlead/ip';
import type { DropReason, Heartbeat } from '../codec/heartbeat.ts';
import { protocolVersion } from '../codec/heartbeat.ts';
import { compose } from './compose.ts';
import { maximumAnnouncements, type SegmentConfig, type SegmentIdentity } from './configuration.ts';
import type { OwnContender } from './contenders.ts';
import { hear } from './hearing.ts';
import { Holdings, type HoldingChange, type HoldingContext } from './holding.ts';
import {
  echoIsDue,
  judgePeer,
  needsHearsay,
  nextJudgement,
  noteEcho,
  type LiveChange,
} from './live-set.ts';
import { bucketScores, forgetEvidence, type Peer } from './peer.ts';
import { PeerTable } from './peer-table.ts';
import { SentLog } from './sent-log.ts';
import { Standing, type JoinReason } from './standing.ts';
import { isOtherSide, strangerEchoAt } from './encounters.ts';
import { surroundings } from './surroundings.ts';
import { DeclaredTiming, timingFor, type Timing } from './timing.ts';

/** What the machine asks of its surroundings while it judges. */
export interface SegmentEffects {
  readonly random: () => number;
  readonly askEcho: (mac: MacAddress) => void;
  readonly onHolding: (announcement: number, change: HoldingChange) => void;
  /** A peer claimed an address whose owner is this node. */
  readonly onReannounce: (announcement: number, bucket: number) => void;
}

/** The rules of one segment: who is live, what this node is, which buckets it holds. All times are passed in. */
export class Segment {
  readonly node: string;
  readonly id: number;
  readonly peers: PeerTable;
  readonly sent = new SentLog();
  readonly standing: Standing;
  readonly holdings = new Map<number, Holdings>();
  readonly declared: DeclaredTiming;
  config: SegmentConfig;
  incarnation: number;
  /** A change that the others have to hear of at once. */
  urgent = true;
  refusedPeers: readonly string[] = [];
  refusedAnnouncements = 0;
  liveCount = 1;
  knownPeers = 0;
  readonly touched: Peer[] = [];
  peersRevision = 0;
  /** Peers whose unexpected heartbeat is to be answered. */
  readonly unanswered = new Set<Peer>();
  readonly #change: LiveChange = { live: false, mutual: false, holdings: false };
  readonly #effects: SegmentEffects;
  readonly #scores: Uint32Array;
  #nextPeers = -Infinity;
  #nextStanding = -Infinity;
  #nextHoldings = -Infinity;
  #metAnyone = false;
  #reassign = true;

  constructor(
    identity: SegmentIdentity,
    config: SegmentConfig,
    effects: SegmentEffects,
    now: number,
  ) {
    this.node = identity.node;
    this.id = hash32(identity.node);
    this.peers = new PeerTable(identity.node);
    this.standing = new Standing(now);
    this.declared = new DeclaredTiming(timingFor(config.peers.length + 1, config.roundRobin));
    this.#effects = effects;
    this.#scores = bucketScores(identity.node);
    this.incarnation = this.#newIncarnation();
    this.config = config;
    this.configure(config, now);
  }

  get timing(): Timing {
    return this.declared.current;
  }

  configure(config: SegmentConfig, now: number): void {
    this.config = config;
    this.refusedPeers = this.peers.configure(config.peers, this.timing);
    this.standing.excluded = config.excluded;
    this.standing.ready = config.ready;
    this.standing.setFresh(config.fresh, now);
    const announcements = config.announcements.slice(0, maximumAnnouncements);
    this.refusedAnnouncements = config.announcements.length - announcements.length;
    const wanted = new Set(announcements.map(({ id }) => id));
    for (const [id, holdings] of this.holdings) {
      if (wanted.has(id)) continue;
      if (holdings.drop()) this.urgent = true;
      this.holdings.delete(id);
    }
    for (const announcement of announcements) {
      const present = this.holdings.get(announcement.id);
      if (present !== undefined) {
        present.config = announcement;
        continue;
      }
      const report = (change: HoldingChange): void =>
        this.#effects.onHolding(announcement.id, change);
      this.holdings.set(announcement.id, new Holdings(announcement, report));
    }
    this.#judgeAgain();
  }

  /** Whether what heartbeats say of third nodes counts now; in a large segment it is most of what they say. */
  needsHearsay(now: number): boolean {
    if (this.standing.phase !== 'member' || this.standing.alone) return true;
    for (const peer of this.peers.all) if (needsHearsay(peer, now)) return true;
    return false;
  }

  /** Takes in a heartbeat; returns why it was dropped, if it was. */
  hear(beat: Heartbeat, from: IpAddress, now: number): DropReason | undefined {
    const heard = hear(this, beat, from, now);
    if (typeof heard === 'string') return heard;
    if (heard.incarnation === beat.incarnation) {
      this.#metAnyone = true;
      if (this.standing.alone && isOtherSide(this, heard, beat, now)) {
        this.rejoin('other-side', now);
      }
    }
    if (heard.replyTo !== undefined) this.unanswered.add(heard);
    this.touched.push(heard);
    for (const peer of this.touched) this.#touch(peer, now);
    this.touched.length = 0;
    return undefined;
  }

  /** A MAC answered by ARP for the address that only a fence ahead answers for. */
  echoAnswered(mac: MacAddress, now: number): void {
    const peer = this.peers.byMac(mac);
    if (peer === undefined || peer.echoAskedAt < now - peer.deadAfterMs) return;
    peer.echoAt = now;
    this.#nextPeers = -Infinity;
    this.#nextStanding = -Infinity;
  }

  /** ARP or NDP for an address of ours came from a MAC; returns whether that is a peer's. */
  addressSeen(mac: MacAddress, announcement: number, bucket: number, now: number): boolean {
    const peer = this.peers.byMac(mac);
    if (peer === undefined) return false;
    if (peer.mutual) return true;
    if (!peer.live) {
      peer.echoAt = now;
      this.#nextPeers = -Infinity;
      this.#nextStanding = -Infinity;
    }
    // It does not hear our heartbeats, so it has to hear that the address is here.
    if (this.holdings.get(announcement)?.contradicts(bucket, now, this.timing.intervalMs)) {
      this.#effects.onReannounce(announcement, bucket);
    }
    return true;
  }

  /** The main thread lives. */
  feed(now: number): void {
    this.standing.feed(now);
    if (this.standing.hung) this.#nextStanding = -Infinity;
  }

  leave(): void {
    this.standing.leave();
    this.#judgeAgain();
  }

  /** Lets everything go and starts as a node that knows nothing but its peers' names. */
  restart(now: number): void {
    this.incarnation = this.#newIncarnation();
    this.sent.reset();
    this.standing.feed(now);
    for (const peer of this.peers.all) forgetEvidence(peer);
    this.#countLive();
    for (const holdings of this.holdings.values()) holdings.drop();
    this.urgent = true;
    this.#judgeAgain();
    this.rejoin('pause', now);
  }

  rejoin(reason: JoinReason, now: number): void {
    if (this.standing.phase === 'leaving' || this.standing.phase === 'left') return;
    for (const holdings of this.holdings.values()) holdings.drop();
    this.standing.join(reason, now);
    this.urgent = true;
    this.#judgeAgain();
  }

  /** After a pause that outlasted the fence: what a peer holds by now is no longer ours. */
  yieldClaimed(now: number): void {
    this.judge(now);
    const peers = [...this.peers.all];
    for (const holdings of this.holdings.values()) {
      if (holdings.yieldClaimed(peers)) this.urgent = true;
    }
    this.#nextHoldings = -Infinity;
  }

  /** Applies all rules as of `now`; cheap where nothing is due. */
  judge(now: number): void {
    const change = this.#change;
    if (now >= this.#nextPeers) this.#judgePeers(now);
    if (change.live) {
      this.#countLive();
      this.peersRevision += 1;
    }
    if (change.live || change.mutual) this.#nextStanding = -Infinity;
    if (now >= this.#nextStanding) this.#judgeStanding(now, change.live);
    if (this.#reassign || change.holdings || now >= this.#nextHoldings) this.#judgeHoldings(now);
    if (change.mutual) this.urgent = true;
    change.live = false;
    change.mutual = false;
    change.holdings = false;
  }

  /** When `judge` has to be called at the latest. */
  get nextJudgement(): number {
    return Math.min(this.#nextPeers, this.#nextStanding, this.#nextHoldings);
  }

  /** The heartbeat to send at `now`; counts its sequence. */
  beat(now: number): Heartbeat {
    return compose(this, now);
  }

  /** The newest rules that all live nodes know. */
  get rules(): number {
    let rules: number = protocolVersion;
    for (const { live, version } of this.peers.all) {
      if (live && version > 0) rules = Math.min(rules, version);
    }
    return rules;
  }

  /** Whether a peer answers by ARP though nobody's heartbeats ever arrived: we wait for them. */
  isUnmet(peer: Peer): boolean {
    const { phase, joinStartedAt } = this.standing;
    return phase === 'joining' && !this.#metAnyone && peer.echoAt >= joinStartedAt;
  }

  /** Whether nothing is held any more and the others were told. */
  get hasNothing(): boolean {
    for (const { held } of this.holdings.values())
      if (held.some((word) => word !== 0)) return false;
    return true;
  }

  #newIncarnation(): number {
    return this.#effects.random() >>> 0 || 1;
  }

  #judgeAgain(): void {
    this.peersRevision += 1;
    this.#reassign = true;
    this.#nextPeers = -Infinity;
    this.#nextStanding = -Infinity;
    this.#nextHoldings = -Infinity;
  }

  /** Judges one peer alone; what was due for the others stays due. */
  #touch(peer: Peer, now: number): void {
    if (peer.known && !peer.counted) this.#nextPeers = -Infinity;
    judgePeer(peer, now, this.#change);
    this.#nextPeers = Math.min(this.#nextPeers, nextJudgement(peer, now));
  }

  #judgePeers(now: number): void {
    let next = this.peers.forgetGone(now);
    this.knownPeers = this.peers.countKnown();
    const timing = timingFor(this.knownPeers + 1, this.config.roundRobin);
    if (this.declared.declare(timing, now)) this.urgent = true;
    for (const peer of this.peers.all) {
      judgePeer(peer, now, this.#change);
      if (echoIsDue(peer, now) || now >= this.#strangerEchoAt(peer)) this.#ask(peer, now);
      next = Math.min(next, nextJudgement(peer, now), this.#strangerEchoAt(peer));
    }
    this.#nextPeers = next;
  }

  #strangerEchoAt(peer: Peer): number {
    return this.#metAnyone ? Infinity : strangerEchoAt(peer, this.standing, this.timing);
  }

  #ask(peer: Peer, now: number): void {
    noteEcho(peer, now, this.#metAnyone ? undefined : this.standing.joinStartedAt);
    for (const mac of peer.macs) this.#effects.askEcho(mac);
    // Whether a joining node may go on depends on whom it has asked.
    if (!this.#metAnyone) this.#nextStanding = -Infinity;
  }

  #countLive(): void {
    let live = 1;
    for (const peer of this.peers.all) if (peer.live) live += 1;
    this.liveCount = live;
  }

  #judgeStanding(now: number, liveChanged: boolean): void {
    const { standing, timing } = this;
    const before = { class: standing.class, alone: standing.alone, settled: standing.settled };
    const around = surroundings(this, this.#metAnyone, now);
    const rejoin = standing.update(now, timing.deadAfterMs, around);
    if (rejoin !== undefined) this.rejoin(rejoin, now);
    if (standing.class !== before.class || standing.alone !== before.alone) this.urgent = true;
    if (liveChanged || standing.class !== before.class || standing.settled !== before.settled) {
      this.#reassign = true;
    }
    this.#nextStanding =
      rejoin === undefined ? standing.nextUpdate(now, timing.deadAfterMs) : -Infinity;
  }

  #judgeHoldings(now: number): void {
    const context = this.#context(now);
    let next = Infinity;
    for (const holdings of this.holdings.values()) {
      if (this.#reassign) holdings.reassign(context);
      if (holdings.update(context)) this.urgent = true;
      next = Math.min(next, holdings.nextUpdate(context));
    }
    this.#reassign = false;
    this.#nextHoldings = next;
    if (this.standing.phase === 'leaving' && this.hasNothing) {
      this.standing.phase = 'left';
      this.urgent = true;
    }
  }

  #context(now: number): HoldingContext {
    const { standing } = this;
    const self: OwnContender = {
      node: this.node,
      scores: this.#scores,
      peer: undefined,
      class: standing.class,
      settled: standing.settled,
    };
    return {
      now,
      intervalMs: this.timing.intervalMs,
      self,
      peers: [...this.peers.all],
      outSince: standing.outSince,
      hung: standing.hung && standing.phase === 'member' && !standing.excluded,
    };
  }
}
