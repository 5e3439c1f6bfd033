import { isDeepStrictEqual } from 'node:util';
import { Worker } from 'node:worker_threads';
import { listChange } from '@fairlead/cluster';
import { EventFd, monotonicNs } from '@fairlead/linux';
import type { AnnouncePlan, ClaimPlan, SegmentPlan } from '../plan.ts';
import type {
  FromPacketWorker,
  PacketWorkerOptions,
  SegmentReport,
  SegmentSettings,
  SegmentSummary,
  ToPacketWorker,
  WorkerPlan,
} from './protocol.ts';

/** How often the main thread shows that it runs; the worker gives it 5 s. */
const SIGN_OF_LIFE_MS = 250;
/** Handing over takes at most a second; then the worker says so or is not asked any further. */
const LEAVE_WITHIN_MS = 2000;

/** Claims in one message: between two of them the worker sends what heartbeats are due. */
const CLAIMS_AT_A_TIME = 250;

/** What the worker has to do, in the main thread's words. */
export type PacketWorkerPlan = Omit<WorkerPlan, 'kind' | 'segments'> & {
  readonly announce: AnnouncePlan;
};

/** What the worker says without having been asked. */
export type WorkerMessage = Extract<FromPacketWorker, { kind: 'members' | 'log' }>;

export interface PacketWorkerHandlers {
  readonly onMessage: (message: WorkerMessage) => void;
  /** The worker ended by itself: nothing answers any more, and the agent must end too. */
  readonly onFailure: (error: Error) => void;
}

/** The packet worker as the main thread sees it: heartbeats, fence and answers go on without us. */
export class PacketWorker implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #wake: EventFd;
  readonly #timer: NodeJS.Timeout;
  readonly #exited: Promise<void>;
  readonly #askedReports = new Map<number, (segments: SegmentReport[]) => void>();
  readonly #askedSummaries = new Map<number, (segments: SegmentSummary[]) => void>();
  #told: WorkerPlan | undefined;
  /** What it claims, by interface. */
  readonly #claims = new Map<string, readonly ClaimPlan[]>();
  #lastAsked = 0;
  #left: () => void = () => {};
  #ending = false;

  /** @param script The worker's own bundle. */
  constructor(
    script: string,
    options: Omit<PacketWorkerOptions, 'wakeFd' | 'mainThreadAlive'>,
    handlers: PacketWorkerHandlers,
  ) {
    this.#wake = new EventFd();
    const mainThreadAlive = new SharedArrayBuffer(8);
    const cell = new BigUint64Array(mainThreadAlive);
    Atomics.store(cell, 0, monotonicNs());
    this.#timer = setInterval(() => Atomics.store(cell, 0, monotonicNs()), SIGN_OF_LIFE_MS);
    this.#worker = new Worker(script, {
      workerData: { ...options, wakeFd: this.#wake.fd, mainThreadAlive },
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 1 },
    });
    this.#worker.on('message', (message: FromPacketWorker) => this.#receive(message, handlers));
    const fail = (cause: unknown): void => {
      if (this.#ending) return;
      handlers.onFailure(new Error('the packet worker ended', { cause }));
    };
    this.#worker.on('error', fail);
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        resolve();
        fail(new Error(`exit code ${code}`));
      });
    });
  }

  /** Replaces what the worker has to do; it is told what has changed. */
  apply({ announce, ...rest }: PacketWorkerPlan): void {
    const segments = announce.segments.map(settingsOf);
    const plan: WorkerPlan = { kind: 'plan', ...rest, segments };
    if (!isDeepStrictEqual(plan, this.#told)) {
      this.#post(plan);
      this.#told = plan;
    }
    const names = new Set(segments.map(({ interfaceName }) => interfaceName));
    for (const name of this.#claims.keys()) if (!names.has(name)) this.#claims.delete(name);
    for (const segment of announce.segments) this.#changeClaims(segment);
  }

  /** What it knows of each segment, address by address; not to be asked by programs all the time. */
  async report(): Promise<readonly SegmentReport[]> {
    return new Promise((resolve) => {
      this.#askedReports.set(this.#ask('report'), resolve);
    });
  }

  /** What it knows of each segment. */
  async summary(): Promise<readonly SegmentSummary[]> {
    return new Promise((resolve) => {
      this.#askedSummaries.set(this.#ask('summary'), resolve);
    });
  }

  /** Hands every address over, then resolves; at the latest after two seconds. */
  async leave(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#left = resolve;
      timer = setTimeout(resolve, LEAVE_WITHIN_MS);
      this.#post({ kind: 'leave' });
    });
    clearTimeout(timer);
  }

  /** Ends the thread as a failure in it would: the handlers hear of it. */
  end(): void {
    void this.#worker.terminate();
    // The thread may be blocked in poll(2): it must wake up to be ended.
    this.#wake.signal();
  }

  /** Ends the thread. Pinned programs stay; the fence ends their answers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    clearInterval(this.#timer);
    this.end();
    await this.#exited;
    this.#wake[Symbol.dispose]();
  }

  #changeClaims({ interfaceName, claims }: SegmentPlan): void {
    const { gone, fresh } = listChange(this.#claims.get(interfaceName) ?? [], claims);
    this.#claims.set(interfaceName, claims);
    const left = new Map(gone.map((claim) => [claim.address, claim]));
    const put: ClaimPlan[] = [];
    for (const claim of fresh) {
      if (!isDeepStrictEqual(left.get(claim.address), claim)) put.push(claim);
      left.delete(claim.address);
    }
    if (left.size > 0) {
      this.#post({ kind: 'claims', interfaceName, gone: [...left.keys()], put: [] });
    }
    for (let at = 0; at < put.length; at += CLAIMS_AT_A_TIME) {
      const some = put.slice(at, at + CLAIMS_AT_A_TIME);
      this.#post({ kind: 'claims', interfaceName, gone: [], put: some });
    }
  }

  #ask(what: 'report' | 'summary'): number {
    this.#lastAsked += 1;
    this.#post({ kind: 'ask', what, number: this.#lastAsked });
    return this.#lastAsked;
  }

  #post(message: ToPacketWorker): void {
    this.#worker.postMessage(message);
    this.#wake.signal();
  }

  #receive(message: FromPacketWorker, { onMessage }: PacketWorkerHandlers): void {
    switch (message.kind) {
      case 'report':
        this.#askedReports.get(message.number)?.(message.segments);
        this.#askedReports.delete(message.number);
        return;
      case 'summary':
        this.#askedSummaries.get(message.number)?.(message.segments);
        this.#askedSummaries.delete(message.number);
        return;
      case 'left':
        this.#left();
        return;
      case 'members':
      case 'log':
        onMessage(message);
        return;
      default:
        throw new RangeError(`unknown message ${JSON.stringify(message satisfies never)}`);
    }
  }
}

function settingsOf(segment: SegmentPlan): SegmentSettings {
  const { interfaceName, interfaceIndex, mac, ports, twins, addresses, peers, announcements } =
    segment;
  return { interfaceName, interfaceIndex, mac, ports, twins, addresses, peers, announcements };
}
