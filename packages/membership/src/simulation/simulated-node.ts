import { parseAddress, parseMac, type IpAddress, type MacAddress } from '@fairlead/ip';
import type { AnnouncementConfig, SegmentConfig } from '../machine/configuration.ts';
import type { HoldingChange } from '../machine/holding.ts';
import { protocolVersion } from '../codec/heartbeat.ts';
import { unauthenticated } from '../codec/keyring.ts';
import type { Datagram } from '../segment-io.ts';
import { SegmentMember } from '../turn.ts';
import { travelTime, wakeDelay } from './load.ts';
import { asNewerVersion } from './newer-version.ts';
import { NodeIo, type Machine } from './node-io.ts';
import type { World } from './world.ts';
import type { Answering } from './observer.ts';

/** When a node that owns an address says so unasked. */
const claimTimesMs = [0, 50, 200];
const feedMs = 1000;
/** A node ought to answer this long after it began or went on to run. */
const bootMs = 600;
const deepestPause = 5;
/** Dead-after less interval less margin, without the real-time scheduler. */
const longestTtlMs = 375;

/** What an agent is told about itself. */
export interface OwnStatus {
  excluded: boolean;
  ready: boolean;
  fresh: boolean;
}

/** One machine: a kernel that outlives the agent's pauses and death, and an agent that runs the real code. */
export class SimulatedNode implements Machine {
  readonly index: number;
  readonly name: string;
  readonly address: IpAddress;
  readonly mac: MacAddress;
  readonly status: OwnStatus = { excluded: false, ready: true, fresh: true };
  /** Delays in hearing of a new configuration. */
  viewDelayMs = 0;
  /** Speaks newer rules, with fields that others do not know. */
  newer = false;
  member: SegmentMember | undefined;
  mainStalled = false;
  frozen = false;
  readonly #world: World;
  readonly #nodes: readonly SimulatedNode[];
  readonly #kernel: Answering;
  #announcements: readonly AnnouncementConfig[];
  #socket: Datagram[] = [];
  #frames: ((member: SegmentMember) => void)[] = [];
  #wakeAt = Infinity;
  #inTurn = false;
  #wakePending = false;
  #leaving = false;
  /** Alone, and no frame has arrived since: it says nothing unasked. */
  #quiet = false;
  #wasAlone = false;
  #clockNs = 0;
  #sentSince = false;
  /** Counts down the calls of the agent to its surroundings until it stands still. */
  #callsUntilPause = 0;
  #pauseMs = 0;

  constructor(world: World, nodes: readonly SimulatedNode[], index: number, name: string) {
    this.#world = world;
    this.#nodes = nodes;
    this.index = index;
    this.name = name;
    this.address = required(parseAddress(`10.0.0.${index + 1}`));
    this.mac = required(parseMac(`02:00:00:00:00:${(index + 1).toString(16).padStart(2, '0')}`));
    this.#kernel = required(world.observer.nodes[index]);
    this.#announcements = world.announcements;
  }

  get running(): boolean {
    return this.member !== undefined;
  }

  /** Starts an agent: first of all, nothing of its predecessor answers any more. */
  start(): void {
    if (this.member !== undefined) return;
    this.#world.note(() => `${this.name} starts`);
    this.#socket = [];
    this.#frames = [];
    this.#kernel.held = 0;
    this.#kernel.fenceNs = 0;
    this.#leaving = false;
    this.#announcements = this.#world.announcements;
    const identity = { node: this.name, clusterId: 'simulation' };
    const io = new NodeIo(this);
    const member = new SegmentMember(identity, this.#config(), io, {
      onHolding: (announcement, change) => {
        if (this.member === member) this.#hold(announcement, change);
      },
      onReannounce: (announcement, bucket) => this.#claim(announcement, bucket, 0),
    });
    this.member = member;
    io.member = member;
    this.#wakePending = false;
    this.#feed(member);
    this.wakeAfter(0);
    this.#ableLater(member);
  }

  /** Kills the agent; the kernel goes on until its fence is reached. */
  kill(): void {
    if (this.member === undefined) return;
    this.#world.note(() => `${this.name} is killed`);
    this.#stop();
  }

  leave(): void {
    this.#world.note(() => `${this.name} leaves`);
    this.#leaving = true;
    this.#kernel.able = 0;
    this.#world.observer.update(this.#world.now);
    this.#tell((member) => member.leave());
  }

  /** Stands still now, between turns or at a call within the next ones. */
  freeze(forMs: number, afterCalls: number): void {
    if (afterCalls > 0) {
      this.#callsUntilPause = afterCalls;
      this.#pauseMs = forMs;
      return;
    }
    if (this.frozen || this.#inTurn) return;
    this.#world.note(() => `${this.name} stands still for ${forMs.toFixed(1)} ms`);
    this.#setFrozen(true);
    this.#world.after(forMs, () => this.#thaw());
  }

  /** Tells the agent what it ought to know, after its delay. */
  reconfigure(): void {
    const announcements = this.#world.announcements;
    this.#world.after(this.viewDelayMs, () => {
      this.#announcements = announcements;
      this.#refreshAble();
      this.#tell((member) => member.configure(this.#config()));
    });
  }

  receive(datagram: Datagram): void {
    if (this.member === undefined) return;
    this.#socket.push(datagram);
    this.#quiet = false;
    this.wakeAfter(0);
  }

  /** The kernel answers while its fence is ahead, whether or not the agent runs. */
  get answersEcho(): boolean {
    return this.#world.now < this.#kernel.fenceNs;
  }

  takeDatagram(): Datagram | undefined {
    return this.#socket.shift();
  }

  /** The agent read its clock: what it stores rests on this moment. */
  readClock(): bigint {
    this.#clockNs = this.#world.now;
    this.#sentSince = false;
    return BigInt(this.#world.now);
  }

  random(): number {
    return this.#world.random.word();
  }

  storeFence(deadlineNs: number): void {
    if (deadlineNs > this.#kernel.fenceNs && this.#nodes.length > 1) {
      if (deadlineNs - this.#clockNs > longestTtlMs * 1e6) {
        this.#world.violations.push(`${this.name} stored a fence that is too far ahead`);
      }
      if (!this.#sentSince) {
        this.#world.violations.push(`${this.name} moved its fence before it had sent a heartbeat`);
      }
    }
    this.#kernel.fenceNs = deadlineNs;
    this.#world.observer.update(this.#world.now);
  }

  send(to: IpAddress, bytes: Uint8Array): void {
    this.#sentSince = true;
    const target = this.#nodes.find(({ address }) => address === to);
    if (target === undefined) return;
    const { random, network } = this.#world;
    if (!network.passes('heartbeat', this.index, target.index)) return;
    if (random.chance(network.loss)) return;
    const sent = this.newer ? asNewerVersion(bytes, unauthenticated, protocolVersion) : bytes;
    this.#world.record?.push(sent);
    this.#world.after(travelTime(random), () =>
      target.receive({ from: this.address, bytes: sent }),
    );
  }

  askEcho(mac: MacAddress): void {
    const target = this.#nodes.find((node) => node.mac === mac);
    if (target === undefined || !this.#arpPasses(this, target)) return;
    this.#world.after(2 * travelTime(this.#world.random), () => {
      if (!target.answersEcho || !this.#arpPasses(target, this)) return;
      this.#tell((member) => member.echoAnswered(mac));
    });
  }

  /** Called at each call of the agent to its surroundings: whatever it does, it may be stopped there. */
  step(): void {
    const world = this.#world;
    if (this.#callsUntilPause > 0) {
      this.#callsUntilPause -= 1;
      if (this.#callsUntilPause === 0) this.#standStill(this.#pauseMs);
    } else if (world.options.load !== 'idle' && world.random.chance(0.00001)) {
      this.#standStill(world.random.between(5, 90));
    }
  }

  wakeAfter(ms: number): void {
    this.#wakeAtTime(this.#world.now + Math.round(ms * 1e6));
  }

  #wakeAtTime(due: number): void {
    const { random, options, agenda, now } = this.#world;
    const at = Math.max(due, now) + Math.round(wakeDelay(random, options.load) * 1e6);
    if (at >= this.#wakeAt) return;
    this.#wakeAt = at;
    agenda.add(at, () => {
      if (this.#wakeAt !== at) return;
      this.#wakeAt = Infinity;
      this.#turn();
    });
  }

  #turn(): void {
    const { member } = this;
    if (member === undefined) return;
    if (this.frozen || this.#inTurn) {
      this.#wakePending = true;
      return;
    }
    this.#inTurn = true;
    for (const hand of this.#frames.splice(0)) hand(member);
    const next = member.turn();
    this.#inTurn = false;
    if (this.member !== member) return;
    if (member.left) {
      this.#world.note(() => `${this.name} has left`);
      this.#stop();
      return;
    }
    if (!member.alone) this.#quiet = false;
    else if (!this.#wasAlone) this.#quiet = true;
    this.#wasAlone = member.alone;
    if (this.#wakePending) {
      this.#wakePending = false;
      this.wakeAfter(0);
    } else {
      this.#wakeAtTime(Number(next));
    }
  }

  #standStill(forMs: number): void {
    const world = this.#world;
    if (world.depth >= deepestPause) return;
    world.note(() => `${this.name} stands still for ${forMs.toFixed(1)} ms within a turn`);
    world.depth += 1;
    this.#setFrozen(true);
    world.runUntil(world.now + Math.round(forMs * 1e6));
    world.depth -= 1;
    this.#thaw();
  }

  #thaw(): void {
    this.#world.note(() => `${this.name} goes on`);
    this.#setFrozen(false);
    if (this.#wakePending && !this.#inTurn) {
      this.#wakePending = false;
      this.wakeAfter(0);
    }
  }

  #setFrozen(frozen: boolean): void {
    this.frozen = frozen;
    this.#kernel.able = 0;
    this.#world.observer.update(this.#world.now);
    if (!frozen && this.member !== undefined) this.#ableLater(this.member);
  }

  #stop(): void {
    this.member = undefined;
    this.#kernel.able = 0;
    this.#wakeAt = Infinity;
    this.#world.observer.update(this.#world.now);
  }

  /** From some time on it ought to answer, unless it was stopped again. */
  #ableLater(member: SegmentMember): void {
    this.#world.after(bootMs, () => {
      if (this.member === member && !this.frozen) this.#refreshAble();
    });
  }

  #refreshAble(): void {
    this.#kernel.able = 0;
    if (this.member !== undefined && !this.frozen && !this.#leaving && !this.status.excluded) {
      for (const [index, { announcement }] of this.#world.options.addresses.entries()) {
        const config = this.#announcements.find(({ id }) => id === announcement);
        if (config?.candidates?.includes(this.name) !== false) this.#kernel.able |= 1 << index;
      }
    }
    this.#world.observer.update(this.#world.now);
  }

  #hold(announcement: number, change: HoldingChange): void {
    const bit = this.#world.bitOf(announcement, change.bucket);
    if (bit === 0) return;
    this.#world.note(
      () =>
        `${this.name} ${change.held ? `takes (${change.reason})` : 'lets go'} ${announcement}/${change.bucket}`,
    );
    this.#world.moves.push({ atNs: this.#world.now, node: this.index, bit });
    if (change.held) this.#kernel.held |= bit;
    else this.#kernel.held &= ~bit;
    this.#world.observer.update(this.#world.now);
    if (change.held) {
      for (const at of claimTimesMs) this.#claim(announcement, change.bucket, at);
    }
  }

  /** Says unasked that the address is here, as far as it is still so by then. */
  #claim(announcement: number, bucket: number, afterMs: number): void {
    this.#world.after(afterMs, () => {
      const bit = this.#world.bitOf(announcement, bucket);
      if (this.frozen || this.#quiet || this.member === undefined) return;
      if ((this.#kernel.held & bit) === 0) return;
      for (const other of this.#nodes) {
        if (other === this || !this.#arpPasses(this, other)) continue;
        this.#world.after(travelTime(this.#world.random), () =>
          other.#tell((member) => member.addressSeen(this.mac, announcement, bucket)),
        );
      }
    });
  }

  #arpPasses(from: SimulatedNode, to: SimulatedNode): boolean {
    const { network, random } = this.#world;
    return network.passes('arp', from.index, to.index) && !random.chance(network.loss);
  }

  #tell(hand: (member: SegmentMember) => void): void {
    if (this.member === undefined) return;
    this.#frames.push(hand);
    this.wakeAfter(0);
  }

  #feed(member: SegmentMember): void {
    if (this.member !== member) return;
    if (!this.mainStalled && !this.frozen) this.#tell((present) => present.feed());
    this.#world.after(feedMs, () => this.#feed(member));
  }

  #config(): SegmentConfig {
    return {
      macs: [this.mac],
      peers: this.#nodes
        .filter((node) => node !== this)
        .map(({ name, address, mac }) => ({ node: name, addresses: [address], macs: [mac] })),
      announcements: this.#announcements,
      keys: unauthenticated,
      roundRobin: this.#world.roundRobin,
      ...this.status,
    };
  }
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new RangeError('missing');
  return value;
}
