import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import {
  clearEventFd,
  monotonicNs,
  Poller,
  setRoundRobin,
  SolicitedNodeGroups,
  SystemError,
} from '@fairlead/linux';
import type { IpAddress } from '@fairlead/ip';
import { membershipKey, type Keyring, type SegmentConfig } from '@fairlead/membership';
import type { ClaimPlan } from '../plan.ts';
import { ResponderMaps } from '../responder-maps.ts';
import { ClaimedGroups } from './claimed-groups.ts';
import type {
  ClaimsChange,
  FromPacketWorker,
  PacketWorkerOptions,
  SegmentSettings,
  ToPacketWorker,
  WorkerPlan,
} from './protocol.ts';
import { reportUnopened, summarizeUnopened, type UnopenedSegment } from './report.ts';
import { Segment } from './segment.ts';

/** A segment whose interface vanished under it is tried again this often, until a new plan comes. */
const RETRY_MS = 250;

/**
 * The packet worker: heartbeats, the fence and answers, in a thread that waits in poll(2) and never for
 * the main thread.
 */
class PacketLoop {
  readonly #options: PacketWorkerOptions;
  readonly #port: NonNullable<typeof parentPort>;
  readonly #maps: ResponderMaps;
  /** All that may wake this thread, and what does so even where heartbeats are to be read together. */
  readonly #poller = new Poller();
  readonly #urgentPoller = new Poller();
  #readAgainAtNs = 0n;
  readonly #groups = new ClaimedGroups(new SolicitedNodeGroups());
  readonly #segments = new Map<string, Segment>();
  /** By the segments' keys: why those of the plan that are not there cannot be opened. */
  readonly #unopened = new Map<string, UnopenedSegment>();
  /** Why multicast groups were not joined the last time. */
  #notJoined: string | undefined;
  readonly #alive: BigUint64Array;
  readonly #roundRobin: boolean;
  #aliveSeen = 0n;
  #plan: WorkerPlan | undefined;
  /** By interface: those of a segment that cannot be opened wait here. */
  readonly #claims = new Map<string, Map<IpAddress, ClaimPlan>>();
  /** Messages may be waiting. */
  #more = false;
  #leaving = false;
  #retryAtNs: bigint | undefined;

  constructor(options: PacketWorkerOptions, port: NonNullable<typeof parentPort>) {
    this.#options = options;
    this.#port = port;
    this.#maps = ResponderMaps.open(options.bpffsDirectory);
    // Nothing is answered for before this life has agreed with the others on who owns what.
    this.#maps.setAnswers([]);
    this.#alive = new BigUint64Array(options.mainThreadAlive);
    this.#roundRobin = setRoundRobin(1);
    for (const poller of [this.#poller, this.#urgentPoller]) {
      poller.add(options.wakeFd);
      poller.add(this.#maps.fd);
    }
  }

  run(): never {
    for (;;) {
      this.#wait();
      if (clearEventFd(this.#options.wakeFd) || this.#more) this.#more = this.#receive();
      this.#feed();
      if (this.#retryAtNs !== undefined && monotonicNs() >= this.#retryAtNs) this.#apply();
      for (const segment of this.#segments.values()) segment.turn();
      this.#spaceReading();
      this.#maps.drainEvents((evidence) => {
        for (const segment of this.#segments.values()) {
          if (segment.plan.ports.includes(evidence.interfaceIndex)) segment.see(evidence);
        }
      });
      this.#finishLeaving();
    }
  }

  #wait(): void {
    const timeoutMs = this.#timeoutMs();
    const unreadMs = Number(this.#readAgainAtNs - monotonicNs()) / 1e6;
    if (unreadMs > 0 && this.#urgentPoller.wait(Math.min(timeoutMs, unreadMs)).length > 0) return;
    if (timeoutMs > unreadMs) this.#poller.wait(this.#timeoutMs());
  }

  #spaceReading(): void {
    let spacingMs = 0;
    for (const segment of this.#segments.values()) {
      spacingMs = Math.max(spacingMs, segment.readingSpacingMs);
    }
    this.#readAgainAtNs = spacingMs === 0 ? 0n : monotonicNs() + BigInt(Math.ceil(spacingMs * 1e6));
  }

  #timeoutMs(): number {
    if (this.#more) return 0;
    let nextNs = this.#retryAtNs;
    for (const { deadlineNs } of this.#segments.values()) {
      if (nextNs === undefined || deadlineNs < nextNs) nextNs = deadlineNs;
    }
    return nextNs === undefined ? Infinity : Math.max(0, Number(nextNs - monotonicNs()) / 1e6);
  }

  /** @returns whether there may be more: between two changes of many claims heartbeats have their turn */
  #receive(): boolean {
    for (;;) {
      const received = receiveMessageOnPort(this.#port);
      if (received === undefined) return false;
      const message = received.message as ToPacketWorker;
      switch (message.kind) {
        case 'plan':
          this.#plan = message;
          this.#apply();
          break;
        case 'claims':
          this.#changeClaims(message);
          return true;
        case 'ask':
          this.#answer(message);
          break;
        case 'leave':
          this.#leaving = true;
          for (const segment of this.#segments.values()) segment.leave();
          break;
        default:
          throw new RangeError(`unknown message ${JSON.stringify(message satisfies never)}`);
      }
    }
  }

  #answer({ what, number }: Extract<ToPacketWorker, { kind: 'ask' }>): void {
    const segments = [...this.#segments.values()];
    switch (what) {
      case 'report': {
        const reports = segments.map((segment) => segment.report());
        const unopened = this.#unopened.values().map((each) => {
          return reportUnopened(each, this.#claims.get(each.interfaceName)?.keys() ?? []);
        });
        return this.#say({ kind: what, number, segments: [...reports, ...unopened] });
      }
      case 'summary': {
        const summaries = segments.map((segment) => segment.summary());
        const unopened = this.#unopened.values().map(summarizeUnopened);
        return this.#say({ kind: what, number, segments: [...summaries, ...unopened] });
      }
      default:
        what satisfies never;
    }
  }

  #changeClaims({ interfaceName, gone, put }: ClaimsChange): void {
    const claims = this.#claims.getOrInsertComputed(interfaceName, () => new Map());
    const left = gone.flatMap((address) => claims.get(address) ?? []);
    const fresh = put.filter(({ address }) => !claims.has(address));
    for (const address of gone) claims.delete(address);
    for (const claim of put) claims.set(claim.address, claim);
    for (const segment of this.#segments.values()) {
      if (segment.plan.interfaceName !== interfaceName) continue;
      segment.changeClaims(gone, put);
      this.#joinGroups(() => this.#groups.change(segment.plan.interfaceIndex, left, fresh));
    }
    // There may be room now.
    if (gone.length > 0 && this.#segments.values().some(({ lacksRoom }) => lacksRoom))
      this.#retry();
  }

  /** Makes the segments those of the plan; level-based, so that it can be repeated at any time. */
  #apply(): void {
    this.#retryAtNs = undefined;
    const plan = this.#plan;
    if (plan === undefined) return;
    const wanted = new Map(plan.segments.map((each) => [segmentKey(plan, each), each]));
    for (const [key, segment] of this.#segments) if (!wanted.has(key)) this.#close(key, segment);
    for (const key of this.#unopened.keys()) if (!wanted.has(key)) this.#unopened.delete(key);
    const names = new Set(plan.segments.map(({ interfaceName }) => interfaceName));
    for (const name of this.#claims.keys()) if (!names.has(name)) this.#claims.delete(name);
    for (const [key, each] of wanted) {
      const segment = this.#segments.get(key) ?? this.#open(key, each, plan);
      if (segment === undefined) continue;
      segment.configure(each, segmentConfig(plan, each, this.#roundRobin), plan.unprepared);
      this.#orRetry(() => segment.hearTwins());
    }
    const answers = Array.from(this.#segments.values(), (segment) => segment.answers());
    const refused = this.#maps.setAnswers(answers.flat());
    for (const segment of this.#segments.values()) segment.refuse(refused);
    const claims = Array.from(
      this.#segments.values(),
      ({ plan: { interfaceIndex, interfaceName } }) => {
        return [interfaceIndex, this.#claims.get(interfaceName)?.values() ?? []] as const;
      },
    );
    if (this.#joinGroups(() => this.#groups.set(new Map(claims)))) this.#notJoined = undefined;
  }

  #open(key: string, segmentPlan: SegmentSettings, plan: WorkerPlan): Segment | undefined {
    try {
      const config = segmentConfig(plan, segmentPlan, this.#roundRobin);
      const segment = new Segment(segmentPlan, config, {
        self: this.#options.self,
        clusterId: plan.clusterId,
        maps: this.#maps,
        poller: this.#poller,
        say: (message) => this.#say(message),
      });
      this.#segments.set(key, segment);
      this.#unopened.delete(key);
      const claims = this.#claims.get(segmentPlan.interfaceName);
      if (claims !== undefined) segment.changeClaims([], [...claims.values()]);
      if (this.#leaving) segment.leave();
      return segment;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      this.#retry();
      this.#notOpened(key, { interfaceName: segmentPlan.interfaceName, reason: error.message });
      return undefined;
    }
  }

  #notOpened(key: string, segment: UnopenedSegment): void {
    const { interfaceName, reason } = segment;
    if (this.#unopened.get(key)?.reason === reason) return;
    this.#unopened.set(key, segment);
    this.#say({
      kind: 'log',
      level: 'warn',
      message: 'cannot open the sockets of an interface; tried again until it can be done',
      fields: { interface: interfaceName, reason },
    });
  }

  #close(key: string, segment: Segment): void {
    segment[Symbol.dispose]();
    this.#segments.delete(key);
    const { interfaceName } = segment.plan;
    this.#say({ kind: 'members', segments: [{ interfaceName, members: [] }] });
  }

  #joinGroups(join: () => void): boolean {
    const failure = this.#orRetry(join);
    if (failure !== undefined) this.#sayNotJoined(failure.message);
    return failure === undefined;
  }

  /**
   * An interface that has gone meanwhile is in the next plan no more. A kernel without IPv6 will not have it the
   * next time either.
   */
  #orRetry(work: () => void): SystemError | undefined {
    try {
      work();
      return undefined;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      if (error.errno !== 'EAFNOSUPPORT') this.#retry();
      return error;
    }
  }

  #sayNotJoined(reason: string): void {
    if (this.#notJoined === reason) return;
    this.#notJoined = reason;
    this.#say({
      kind: 'log',
      level: 'warn',
      message:
        'cannot join the multicast groups of IPv6 addresses: a snooping switch may keep questions for them back',
      fields: { reason },
    });
  }

  #retry(): void {
    this.#retryAtNs = monotonicNs() + BigInt(RETRY_MS) * 1_000_000n;
  }

  #feed(): void {
    const seen = Atomics.load(this.#alive, 0);
    if (seen === this.#aliveSeen) return;
    this.#aliveSeen = seen;
    for (const segment of this.#segments.values()) segment.feed();
  }

  #finishLeaving(): void {
    if (!this.#leaving || ![...this.#segments.values()].every((segment) => segment.left)) return;
    this.#leaving = false;
    this.#say({ kind: 'left' });
  }

  #say(message: FromPacketWorker): void {
    this.#port.postMessage(message);
  }
}

/** Another interface under the same name, or another cluster, is another segment. */
function segmentKey({ clusterId }: WorkerPlan, segment: SegmentSettings): string {
  return `${clusterId} ${segment.interfaceName} ${segment.interfaceIndex}`;
}

function segmentConfig(
  { keys, excluded, ready, fresh }: WorkerPlan,
  segment: SegmentSettings,
  roundRobin: boolean,
): SegmentConfig {
  const [first, second] = keys;
  const keyring: Keyring =
    second === undefined ? [membershipKey(first)] : [membershipKey(first), membershipKey(second)];
  return {
    macs: [...new Set([segment.mac, ...segment.twins.map(({ mac }) => mac)])],
    peers: segment.peers.map(({ node, addresses }) => ({ node, addresses, macs: [] })),
    announcements: segment.announcements.map(({ id, candidates, preferred }) => ({
      id,
      ...(candidates === undefined ? {} : { candidates }),
      ...(preferred === undefined ? {} : { preferred }),
    })),
    keys: keyring,
    excluded,
    ready,
    fresh,
    roundRobin,
  };
}

if (parentPort === null) throw new Error('the packet worker runs only as a worker thread');
new PacketLoop(workerData as PacketWorkerOptions, parentPort).run();
