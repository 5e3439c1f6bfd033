import { Worker } from 'node:worker_threads';
import { EventFd, monotonicNs } from '@fairlead/linux';
import type {
  FromPacketWorker,
  PacketWorkerOptions,
  SegmentReport,
  ToPacketWorker,
  WorkerPlan,
} from './protocol.ts';

/** How often the main thread shows that it runs; the worker gives it 5 s. */
const SIGN_OF_LIFE_MS = 250;
/** Handing over takes at most a second; then the worker says so or is not asked any further. */
const LEAVE_WITHIN_MS = 2000;

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
  readonly #asked = new Map<number, (segments: SegmentReport[]) => void>();
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

  /** Replaces what the worker has to do. */
  apply(plan: Omit<WorkerPlan, 'kind'>): void {
    this.#post({ kind: 'plan', ...plan });
  }

  /** What it knows of each segment. */
  async report(): Promise<readonly SegmentReport[]> {
    return new Promise((resolve) => {
      this.#lastAsked += 1;
      this.#asked.set(this.#lastAsked, resolve);
      this.#post({ kind: 'ask', number: this.#lastAsked });
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

  /** Ends the thread. Pinned programs stay; the fence ends their answers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true;
    clearInterval(this.#timer);
    // The thread may be blocked in poll(2): it must wake up to be ended.
    const ended = this.#worker.terminate();
    this.#wake.signal();
    await Promise.all([ended, this.#exited]);
    this.#wake[Symbol.dispose]();
  }

  #post(message: ToPacketWorker): void {
    this.#worker.postMessage(message);
    this.#wake.signal();
  }

  #receive(message: FromPacketWorker, { onMessage }: PacketWorkerHandlers): void {
    switch (message.kind) {
      case 'report':
        this.#asked.get(message.number)?.(message.segments);
        this.#asked.delete(message.number);
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
