import { randomBytes } from 'node:crypto';
import type { NodeName } from '@fairlead/cluster';
import { familyOf, type IpAddress, type MacAddress } from '@fairlead/ip';
import {
  arpProbe,
  arpRequest,
  duplicateAddressProbe,
  encodeNeighbourSolicitation,
  gratuitousArp,
  unsolicitedNeighbourAdvertisement,
} from '@fairlead/l2';
import { monotonicNs, type Poller } from '@fairlead/linux';
import {
  aloneInterval,
  SegmentMember,
  type PeerState,
  type SegmentConfig,
} from '@fairlead/membership';
import type { ClaimAction } from '../claim.ts';
import type { ClaimPlan } from '../plan.ts';
import type { Answer, AnswerMode, Evidence } from '../responder-layout.ts';
import type { ResponderMaps } from '../responder-maps.ts';
import { Hearing } from './hearing.ts';
import { Owners } from './owners.ts';
import { nameSome } from './name-some.ts';
import type {
  FromPacketWorker,
  SegmentReport,
  SegmentSettings,
  SegmentSummary,
} from './protocol.ts';
import { reportSegment, summarizeSegment, type SegmentKnowledge } from './report.ts';
import { answerMode, SegmentClaims } from './segment-claims.ts';
import { SegmentSockets } from './segment-sockets.ts';
import { SilentPeers } from './silent-peers.ts';

/** An address that only our responder answers for, and only ahead of the fence (RFC 7600 §10, the dummy address). */
const echoAddress = '192.0.0.8' as IpAddress;
const anyAddress = '0.0.0.0' as IpAddress;
const NAMED_IN_LOG = 20;
/** The kernel asks for a neighbour once a second (retrans_time_ms), three times before it gives up. */
const KERNEL_ASKS_WITHIN_MS = 3000;

export interface SegmentContext {
  readonly self: NodeName;
  readonly clusterId: string;
  readonly maps: ResponderMaps;
  /** Has to call `turn` when heartbeats wait. */
  readonly poller: Poller;
  readonly say: (message: FromPacketWorker) => void;
}

/** This node on one segment: membership decides which buckets it holds, claims what that means. */
export class Segment implements Disposable {
  plan: SegmentSettings;
  readonly #context: SegmentContext;
  readonly #sockets: SegmentSockets;
  readonly #member: SegmentMember;
  readonly #hearing: Hearing;
  readonly #claims: SegmentClaims;
  #nextTurnNs = 0n;
  readonly #silentPeers: SilentPeers;
  readonly #owners = new Owners();
  #peers: ReadonlyMap<string, PeerState> = new Map();
  #peersRevision = -1;
  /** When each peer was last seen to be silent, monotonic milliseconds. */
  readonly #silentUntilMs = new Map<string, number>();
  #membersSaid = '';
  #wasAlone = false;

  /** Throws SystemError where the interface has gone. */
  constructor(plan: SegmentSettings, config: SegmentConfig, context: SegmentContext) {
    this.plan = plan;
    this.#context = context;
    const { interfaceName: name, interfaceIndex: index } = plan;
    this.#sockets = new SegmentSockets({ name, index }, context.poller);
    this.#hearing = new Hearing(() => this.#sockets.received());
    this.#silentPeers = new SilentPeers({
      ask: (address, mac) => this.#askForAddress(address, mac),
      watch: (address, on) => this.#watch(address, on),
    });
    this.#member = new SegmentMember(
      { node: context.self, clusterId: context.clusterId },
      config,
      {
        now: monotonicNs,
        receive: () => this.#sockets.receive(),
        send: (to, bytes, node) => this.#sendHeartbeat(to, bytes, node),
        storeFence: (deadlineNs) => this.#storeFence(deadlineNs),
        askEcho: (mac) => this.#askEcho(mac),
        random: () => randomBytes(4).readUInt32LE(),
      },
      {
        onHolding: (announcement, change) => this.#claims.hold(announcement, change),
        onReannounce: (announcement, bucket) => this.#claims.contradict(announcement, bucket),
      },
    );
    this.#claims = new SegmentClaims({
      act: (address, action) => this.#act(address, action),
      watch: (address) => this.#enter(address, 'watch'),
      forget: (address) => {
        for (const port of this.plan.ports) context.maps.remove(port, address);
      },
      isMuted: () => this.#isMuted(),
      isPeer: (mac) => this.#member.isPeer(mac),
      onConflict: (address, mac) => this.#sayConflict(address, mac),
      now: nowMs,
    });
  }

  /** How long heartbeats may wait to be read together, ms. */
  get readingSpacingMs(): number {
    return this.#member.readingSpacingMs;
  }

  get left(): boolean {
    return this.#member.left;
  }

  /** When `turn` has to be called at the latest, CLOCK_MONOTONIC ns. */
  get deadlineNs(): bigint {
    const ownMs = Math.min(this.#claims.deadline, this.#silentPeers.deadline);
    const own = ownMs === Infinity ? undefined : toNs(ownMs);
    return own !== undefined && own < this.#nextTurnNs ? own : this.#nextTurnNs;
  }

  configure(
    plan: SegmentSettings,
    config: SegmentConfig,
    unprepared: ReadonlySet<IpAddress>,
  ): void {
    const macChanged = plan.mac !== this.plan.mac;
    this.plan = plan;
    this.#member.configure(config);
    this.#nextTurnNs = 0n;
    if (macChanged) this.#claims.contradictAll();
    this.#claims.prepare(unprepared);
  }

  /** Throws SystemError where one of the plan's twins has gone; can be repeated. */
  hearTwins(): void {
    this.#sockets.hearTwins(this.plan.twins);
  }

  /** Takes addresses away and adds others, in the kernel too. */
  changeClaims(gone: Iterable<IpAddress>, put: readonly ClaimPlan[]): void {
    this.#claims.change(gone, put);
  }

  /** The kernel has no room for some of its addresses. */
  get lacksRoom(): boolean {
    return this.#claims.lackRoom;
  }

  /** Says what there was no room for when all answers were written, of this segment and others. */
  refuse(refused: readonly Answer[]): void {
    const { ports } = this.plan;
    const ours = refused.filter(({ interfaceIndex }) => ports.includes(interfaceIndex));
    this.#claims.refuse(new Set(ours.map(({ address }) => address)));
  }

  feed(): void {
    this.#member.feed();
    this.#nextTurnNs = 0n;
  }

  leave(): void {
    this.#member.leave();
    this.#nextTurnNs = 0n;
  }

  /** What the kernel shall answer for here: at every port, all addresses; most of them only watched. */
  answers(): Answer[] {
    const { mac, ports } = this.plan;
    const modes = new Map<IpAddress, AnswerMode>();
    for (const address of this.#silentPeers.watched) modes.set(address, 'watch');
    for (const each of this.#claims.all) modes.set(each.plan.address, answerMode(each));
    return ports.flatMap((interfaceIndex) =>
      Array.from(modes, ([address, mode]): Answer => ({ interfaceIndex, address, mac, mode })),
    );
  }

  /** Does what is due; cheap where nothing is. Membership first: after a pause it lets go at once. */
  turn(): void {
    this.#hearing.beginTurn();
    this.#nextTurnNs = this.#member.turn();
    this.#meetOthersAgain();
    if (nowMs() >= this.#claims.deadline) this.#claims.tick();
    this.#sayMembers();
    this.#sayMoves();
    this.#owners.look(() => this.#member.snapshot(), nowMs());
  }

  /** What the responder saw another host say. */
  see({ kind, address, mac }: Evidence): void {
    if (kind === 'echo') {
      this.#member.echoAnswered(mac);
      this.#nextTurnNs = 0n;
      return;
    }
    if (this.#silentPeers.answered(address, mac, nowMs())) return;
    const known = this.#claims.get(address);
    // A probe is no claim: while we answer, the responder defends the address against it.
    if (kind === 'probe' || known === undefined) return;
    this.#nextTurnNs = 0n;
    if (this.#member.addressSeen(mac, known.plan.announcement, known.bucket)) return;
    this.#claims.foreign(address, mac);
  }

  report(): SegmentReport {
    const knowledge = this.#knowledge();
    const now = nowMs();
    this.#owners.update(knowledge.snapshot, now);
    return reportSegment(knowledge, this.#owners, now);
  }

  summary(): SegmentSummary {
    return summarizeSegment(this.#knowledge());
  }

  #knowledge(): SegmentKnowledge {
    return {
      interfaceName: this.plan.interfaceName,
      claims: this.#claims.all,
      snapshot: this.#member.snapshot(),
      problems: this.#member.problems(),
      sendFailures: this.#sockets.failures,
    };
  }

  /** Nothing is answered for here from now on. */
  [Symbol.dispose](): void {
    this.#claims.clear();
    this.#storeFence(0n);
    this.#sockets[Symbol.dispose]();
  }

  /**
   * Behind a cut cable, frames would wait in a queue and mislead everybody once it is whole. A peer answers a
   * heartbeat at once, and those of a node that is alone are close together: three of them are time enough.
   */
  #isMuted(): boolean {
    if (this.#member.alone) {
      return this.#hearing.isMuted(nowMs(), 3 * aloneInterval(this.#peers.size + 1));
    }
    this.#hearing.forget();
    return false;
  }

  #sayConflict(address: IpAddress, mac: MacAddress): void {
    this.#context.say({
      kind: 'log',
      level: 'warn',
      message: 'a foreign host uses the address: not announced',
      fields: { address, interface: this.plan.interfaceName, mac },
    });
  }

  #act(address: IpAddress, action: ClaimAction): void {
    const { mac } = this.plan;
    switch (action) {
      case 'answer':
        this.#enter(address, 'answer');
        return;
      case 'silence':
        this.#enter(address, 'watch');
        return;
      case 'probe':
        this.#sockets.sendFrame(
          familyOf(address) === 4 ? arpProbe(mac, address) : duplicateAddressProbe(mac, address),
        );
        return;
      case 'announce':
        for (const frame of announcementFrames(mac, address)) this.#sockets.sendFrame(frame);
        return;
      default:
        throw new RangeError(`unknown action ${JSON.stringify(action satisfies never)}`);
    }
  }

  /** Has the responder answer for the address at every port; false where there is no room for all of that. */
  #enter(address: IpAddress, mode: AnswerMode): boolean {
    const { mac, ports } = this.plan;
    return (
      ports.filter((port) => !this.#context.maps.answer(port, address, mac, mode)).length === 0
    );
  }

  #storeFence(deadlineNs: bigint): void {
    for (const port of this.plan.ports) this.#context.maps.storeFence(port, deadlineNs);
  }

  #askEcho(targetMac: MacAddress): void {
    this.#silentPeers.suspect(targetMac);
    this.#hearing.suspect(nowMs());
    const { mac: senderMac } = this.plan;
    const question = { senderMac, senderIp: anyAddress, targetIp: echoAddress, targetMac };
    this.#sockets.sendFrame(arpRequest(question));
  }

  /** One line for all addresses that moved alike, so that a log stays readable when thousands do. */
  #sayMoves(): void {
    for (const [message, addresses] of this.#claims.takeMoves()) {
      this.#context.say({
        kind: 'log',
        level: 'info',
        message,
        fields: {
          interface: this.plan.interfaceName,
          count: addresses.length,
          addresses: nameSome(addresses, NAMED_IN_LOG, ' '),
        },
      });
    }
  }

  /** Tells the main thread who is there, whenever that has changed: steering depends on it. */
  #sayMembers(): void {
    const now = nowMs();
    if (this.#peersRevision !== this.#member.peersRevision) {
      this.#peersRevision = this.#member.peersRevision;
      this.#notePeers(now);
      this.#silentPeers.update([...this.#peers.values()], now);
    } else if (this.#silentPeers.deadline === Infinity) {
      return;
    }
    this.#silentPeers.tick(now);
    const { interfaceName } = this.plan;
    const members = Array.from(this.#peers.values(), (peer) => ({
      node: peer.node as NodeName,
      live: peer.live,
      reachable: this.#silentPeers.isThere(peer, now),
      macs: peer.macs,
    }));
    const text = JSON.stringify(members);
    if (text === this.#membersSaid) return;
    this.#membersSaid = text;
    this.#context.say({ kind: 'members', segments: [{ interfaceName, members }] });
  }

  #notePeers(now: number): void {
    this.#claims.meetPeers();
    for (const { node, live } of this.#peers.values()) {
      if (!live) this.#silentUntilMs.set(node, now);
    }
    this.#peers = new Map(this.#member.peers().map((peer) => [peer.node, peer]));
    for (const node of this.#silentUntilMs.keys()) {
      if (!this.#peers.has(node)) this.#silentUntilMs.delete(node);
    }
  }

  /** While this node was cut off others may have announced what it kept. */
  #meetOthersAgain(): void {
    const { alone } = this.#member;
    if (this.#wasAlone && !alone) this.#claims.contradictAll();
    this.#wasAlone = alone;
  }

  /**
   * To a peer that is or was silent by its MAC, whichever of its addresses has its turn: while it was away the kernel
   * has forgotten where it is, and asks anew no more than once a second.
   */
  #sendHeartbeat(to: IpAddress, bytes: Uint8Array, node: string): void {
    const peer = this.#peers.get(node);
    const source = this.plan.addresses.find((own) => familyOf(own) === familyOf(to));
    const [mac] = peer?.macs ?? [];
    const isKnownToKernel = nowMs() >= (this.#silentUntilMs.get(node) ?? 0) + KERNEL_ASKS_WITHIN_MS;
    if (peer === undefined || mac === undefined || source === undefined) {
      this.#sockets.sendHeartbeat(to, bytes);
    } else if (peer.live && isKnownToKernel) {
      this.#sockets.sendHeartbeat(to, bytes);
    } else {
      const link = { destination: mac, source: this.plan.mac };
      this.#sockets.sendHeartbeatFrame(link, source, to, bytes);
    }
  }

  #askForAddress(address: IpAddress, mac: MacAddress): void {
    const own = this.plan.addresses.find((each) => familyOf(each) === familyOf(address));
    if (own === undefined) return;
    const senderMac = this.plan.mac;
    this.#sockets.sendFrame(
      familyOf(address) === 4
        ? arpRequest({ senderMac, senderIp: own, targetIp: address, targetMac: mac })
        : encodeNeighbourSolicitation(
            { destination: mac, source: senderMac },
            { source: own, destination: address, target: address, sourceMac: senderMac },
          ),
    );
  }

  /** Has the responder tell who claims a peer's own address. */
  #watch(address: IpAddress, on: boolean): void {
    for (const port of this.plan.ports) {
      if (on) this.#context.maps.answer(port, address, this.plan.mac, 'watch');
      else this.#context.maps.remove(port, address);
    }
  }
}

function announcementFrames(mac: MacAddress, address: IpAddress): readonly Uint8Array[] {
  if (familyOf(address) === 4) return gratuitousArp(mac, address);
  return [unsolicitedNeighbourAdvertisement(mac, address, address)];
}

function nowMs(): number {
  return Number(monotonicNs()) / 1e6;
}

function toNs(ms: number): bigint {
  return BigInt(Math.ceil(ms * 1e6));
}
