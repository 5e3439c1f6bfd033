import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Flow } from '../flow.ts';
import type { Network } from './network.ts';
import { webFlow, webFlow6 } from './plans.ts';
import type { TrafficOrder } from './traffic-worker.ts';

/** Places in the memory that worker and test share. */
export const Progress = { sent: 0, stop: 1 } as const;

const DEADLINE_MS = 10_000;

/** Each frame is another flow's. */
export function flowOfFrame(number: number): Flow {
  const sourcePort = 1024 + (number % 64_000);
  const datagram = number % 3 === 0 ? ({ protocol: 'UDP', destinationPort: 53 } as const) : {};
  return number % 2 === 0 ? webFlow(sourcePort, datagram) : webFlow6(sourcePort, datagram);
}

/** Where a frame of the traffic came out. */
export interface Passage {
  readonly number: number;
  readonly host: string;
}

/** Steady traffic from the client to a node, from another thread, while the test does things to the node. */
export class Traffic {
  readonly #network: Network;
  readonly #worker: Worker;
  readonly #progress = new Int32Array(new SharedArrayBuffer(8));
  readonly #passages: Passage[] = [];

  private constructor(network: Network, to: string) {
    this.#network = network;
    const client = network.host('client');
    const workerData: TrafficOrder = {
      interfaceIndex: client.interfaceIndex,
      link: { from: client.mac, to: network.host(to).mac },
      progress: this.#progress.buffer,
    };
    this.#worker = new Worker(new URL('./traffic-worker.ts', import.meta.url), { workerData });
  }

  /** Begins; returns when frames flow. */
  static async start(network: Network, to: string): Promise<Traffic> {
    const traffic = new Traffic(network, to);
    await traffic.flowing(1);
    return traffic;
  }

  /** Waits until as many more frames were sent. */
  async flowing(frames = 200): Promise<void> {
    const goal = this.#sent() + frames;
    const deadline = performance.now() + DEADLINE_MS;
    while (this.#sent() < goal) {
      if (performance.now() > deadline) throw new Error(`only ${this.#sent()} frames were sent`);
      this.#take();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    this.#take();
  }

  /** Ends, and returns where all frames came out. @throws where one was lost or came out twice */
  async stop(): Promise<readonly Passage[]> {
    const ended = once(this.#worker, 'exit');
    Atomics.store(this.#progress, Progress.stop, 1);
    await ended;
    const deadline = performance.now() + DEADLINE_MS;
    while (this.#passages.length < this.#sent() && performance.now() < deadline) this.#take();
    this.#take(this.#network.settle('client'));
    const numbers = new Set(this.#passages.map(({ number }) => number));
    if (numbers.size !== this.#sent() || numbers.size !== this.#passages.length) {
      const counts = `${this.#sent()} sent, ${this.#passages.length} came out`;
      throw new Error(`${counts}, ${numbers.size} different ones`);
    }
    return this.#passages;
  }

  #sent(): number {
    return Atomics.load(this.#progress, Progress.sent);
  }

  #take(arrivals = this.#network.drain()): void {
    for (const { host, frame } of arrivals) {
      const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
      this.#passages.push({ host, number: view.getUint32(frame.length - 4) });
    }
  }
}
