import type { IpAddress, MacAddress } from '@fairlead/ip';
import { ProtocolError } from '@fairlead/wire';
import { decodeHeartbeat } from './codec/decode.ts';
import { encodeHeartbeat } from './codec/encode.ts';
import { type DropReason, dropReasons } from './codec/heartbeat.ts';
import type { SegmentConfig, SegmentIdentity } from './machine/configuration.ts';
import { nextAddress } from './machine/peer-table.ts';
import { Segment } from './machine/segment.ts';
import {
  aloneInterval,
  readingSpacing,
  soloIntervalMs,
  soloTtlMs,
  urgentSpacing,
} from './machine/timing.ts';
import { Observations } from './observations.ts';
import { segmentProblems } from './problems.ts';
import type { Datagram, PeerState, SegmentIo, SegmentListener } from './segment-io.ts';
import type { SegmentProblem } from './machine/problem.ts';
import { snapshotOf, type SegmentSnapshot } from './snapshot.ts';

type Input = (now: number) => void;

const repeatedReplyMs = 5;
/** A turn that finds more to send begins anew; this bounds how often before others get their turn. */
const longestTurn = 4;
/** Wakes a member that has nothing to do. */
const idleMs = 10_000;
const nsPerMs = 1_000_000n;

/**
 * One node's membership of one segment. The owner calls `turn` when a datagram has arrived, when an input
 * was given, and at the time that the last turn returned. It owns the order of steps on which safety rests:
 * read the clock, judge the gap, send, then store clock + TTL, then drain and judge.
 */
export class SegmentMember {
  readonly #io: SegmentIo;
  readonly #segment: Segment;
  readonly #clusterId: string;
  readonly #observations = new Observations();
  #inputs: Input[] = [];
  #staleInputs: Input[] = [];
  #lastBeat: number;
  #fence = 0n;
  #solo: boolean;
  #gone = false;

  constructor(
    identity: SegmentIdentity,
    config: SegmentConfig,
    io: SegmentIo,
    listener: SegmentListener,
  ) {
    this.#io = io;
    this.#clusterId = identity.clusterId;
    const now = toMs(io.now());
    this.#lastBeat = now - urgentSpacing(config.peers.length + 1);
    this.#segment = new Segment(
      identity,
      config,
      {
        random: () => io.random(),
        askEcho: (mac) => io.askEcho(mac),
        onHolding: (announcement, change) => listener.onHolding(announcement, change),
        onReannounce: (announcement, bucket) => listener.onReannounce(announcement, bucket),
      },
      now,
    );
    this.#solo = this.#segment.peers.size === 0;
  }

  /** Replaces the configuration, as of the next turn. */
  configure(config: SegmentConfig): void {
    this.#inputs.push((now) => this.#segment.configure(config, now));
  }

  /** The main thread lives: to be said at least every second. */
  feed(): void {
    this.#inputs.push((now) => this.#segment.feed(now));
  }

  /** Hands everything over and goes; `left` tells when that is done, after about a second at the latest. */
  leave(): void {
    this.#inputs.push(() => this.#segment.leave());
  }

  /** That MAC answered an echo request. */
  echoAnswered(mac: MacAddress): void {
    this.#staleInputs.push((now) => this.#segment.echoAnswered(mac, now));
  }

  /** ARP or NDP that claims an address of ours came from that MAC. Returns whether it is a peer's. */
  addressSeen(mac: MacAddress, announcement: number, bucket: number): boolean {
    if (this.#segment.peers.byMac(mac) === undefined) return false;
    this.#staleInputs.push((now) => this.#segment.addressSeen(mac, announcement, bucket, now));
    return true;
  }

  /** Everything was handed over and said: the owner may close. */
  get left(): boolean {
    return this.#gone;
  }

  /** Nobody else is live: announce nothing unasked until a frame arrives. */
  get alone(): boolean {
    return this.#segment.standing.alone;
  }

  /** Whether a MAC is a peer's: such a one is never a foreign host. */
  isPeer(mac: MacAddress): boolean {
    return this.#segment.peers.byMac(mac) !== undefined;
  }

  /** Counts changes of what `peers` tells, so that looking costs nothing. */
  get peersRevision(): number {
    return this.#segment.peersRevision;
  }

  /** How long arrived datagrams may wait to be read together, ms; 0 = a turn is due for each. */
  get readingSpacingMs(): number {
    return readingSpacing(this.#segment.knownPeers + 1);
  }

  /** Who else is there, and where. */
  peers(): PeerState[] {
    return Array.from(this.#segment.peers.all, ({ node, live, macs, learned, addresses }) => {
      return { node, live, macs, address: learned ?? addresses[0] };
    });
  }

  /** What is known, for a person to read; the time since things happened is as of now. */
  snapshot(): SegmentSnapshot {
    return snapshotOf(this.#segment, this.#observations, toMs(this.#io.now()));
  }

  /** What a person should mend. */
  problems(): SegmentProblem[] {
    return segmentProblems(this.#segment, this.#observations, toMs(this.#io.now()));
  }

  /** Does what is due. Returns when to be called again at the latest, monotonic nanoseconds. */
  turn(): bigint {
    for (let pass = 1; ; pass++) {
      const nowNs = this.#io.now();
      const now = toMs(nowNs);
      this.#pass(nowNs, now);
      const next = Math.min(
        this.#segment.nextJudgement,
        this.#nextBeat(),
        this.#nextReply(),
        now + idleMs,
      );
      if (next > now) return toNs(next);
      // Overdue by whatever time, even since ever: somebody who was never answered.
      if (pass === longestTurn) return nowNs;
    }
  }

  #pass(nowNs: bigint, now: number): void {
    const segment = this.#segment;
    if (!this.#solo && !this.#gone) {
      const gap = now - this.#lastBeat;
      if (gap > segment.timing.deadAfterMs) {
        this.#discardUnread();
        segment.restart(now);
      } else if (gap > segment.declared.ttlMs(now)) {
        this.#drain(now);
        segment.yieldClaimed(now);
      }
    }
    if (!this.#gone && now >= this.#nextBeat()) this.#beat(nowNs, now);
    if (!this.#gone) this.#reply(nowNs, now);
    this.#drain(now);
    segment.judge(now);
    this.#meetFirstPeer(now);
  }

  /** A node that knows a peer has to tell it that it lives, from now on. */
  #meetFirstPeer(now: number): void {
    const solo = this.#segment.peers.size === 0;
    if (this.#solo && !solo) this.#lastBeat = now;
    if (this.#solo !== solo) this.#segment.urgent = true;
    this.#solo = solo;
  }

  #nextBeat(): number {
    if (this.#gone) return Infinity;
    const { standing, timing, urgent, knownPeers } = this.#segment;
    const nodes = knownPeers + 1;
    if (urgent) return this.#lastBeat + urgentSpacing(nodes);
    if (this.#solo) return this.#lastBeat + soloIntervalMs;
    return this.#lastBeat + (standing.alone ? aloneInterval(nodes) : timing.intervalMs);
  }

  #beat(nowNs: bigint, now: number): void {
    const segment = this.#segment;
    const ttlMs = this.#solo ? soloTtlMs : segment.declared.ttlMs(now);
    const deadline = nowNs + toNs(ttlMs);
    // A fence nearer than before must be so before anybody can count on it.
    if (deadline < this.#fence) this.#store(deadline);
    const bytes = encodeHeartbeat(segment.beat(now), this.#clusterId, segment.config.keys);
    segment.urgent = false;
    this.#lastBeat = now;
    for (const peer of segment.peers.all) {
      const to = peer.known ? nextAddress(peer) : undefined;
      if (to !== undefined) this.#io.send(to, bytes, peer.node);
    }
    if (segment.standing.phase === 'left') {
      this.#gone = true;
      this.#store(nowNs);
    } else {
      this.#store(deadline);
    }
  }

  #store(deadline: bigint): void {
    this.#fence = deadline;
    this.#io.storeFence(deadline);
  }

  #nextReply(): number {
    let next = Infinity;
    for (const { repliedAt } of this.#segment.unanswered) {
      next = Math.min(next, repliedAt + repeatedReplyMs);
    }
    return this.#gone ? Infinity : next;
  }

  /** Answers those whose heartbeats were unexpected. That is no heartbeat to all, so no fence is stored. */
  #reply(nowNs: bigint, now: number): void {
    const segment = this.#segment;
    let bytes: Uint8Array | undefined;
    for (const peer of segment.unanswered) {
      const to = peer.replyTo;
      if (to === undefined || now < peer.repliedAt + repeatedReplyMs) continue;
      const deadline = nowNs + toNs(segment.declared.ttlMs(now));
      // The long fence of a node without peers ends before the first of them hears of it.
      if (deadline < this.#fence) this.#store(deadline);
      bytes ??= encodeHeartbeat(segment.beat(now), this.#clusterId, segment.config.keys);
      peer.repliedAt = now;
      peer.replyTo = undefined;
      segment.unanswered.delete(peer);
      this.#io.send(to, bytes, peer.node);
    }
  }

  #drain(now: number): void {
    const about = this.#segment.needsHearsay(now) ? undefined : this.#segment.id;
    for (;;) {
      const datagram = this.#io.receive();
      if (datagram === undefined) break;
      this.#read(datagram, about, now);
    }
    const inputs = [...this.#inputs, ...this.#staleInputs];
    this.#inputs = [];
    this.#staleInputs = [];
    for (const input of inputs) input(now);
  }

  /** What arrived during a long pause says nothing about now. */
  #discardUnread(): void {
    while (this.#io.receive() !== undefined) this.#observations.discarded += 1;
    this.#staleInputs = [];
  }

  #read({ from, bytes }: Datagram, about: number | undefined, now: number): void {
    this.#observations.received += 1;
    const dropped = this.#decode(bytes, about, from, now);
    if (dropped !== undefined) this.#observations.drop(dropped, from, now);
  }

  #decode(
    bytes: Uint8Array,
    about: number | undefined,
    from: IpAddress,
    now: number,
  ): DropReason | undefined {
    try {
      const { keys } = this.#segment.config;
      const beat = decodeHeartbeat(bytes, this.#clusterId, keys, about);
      return this.#segment.hear(beat, from, now);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      if (error.code === 'foreign-cluster') this.#observations.foreignCluster = error.detail;
      return dropReasons.find((reason) => reason === error.code) ?? 'malformed';
    }
  }
}

function toMs(ns: bigint): number {
  return Number(ns) / 1e6;
}

function toNs(ms: number): bigint {
  const whole = Math.floor(ms);
  return BigInt(whole) * nsPerMs + BigInt(Math.ceil((ms - whole) * 1e6));
}
