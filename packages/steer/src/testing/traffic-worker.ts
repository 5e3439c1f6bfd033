import { workerData } from 'node:worker_threads';
import { PacketSocket } from '@fairlead/linux';
import { buildFrame, type FrameOptions } from './frames.ts';
import { flowOfFrame, Progress } from './traffic.ts';

/** What the worker sends, and where it tells how far it is. */
export interface TrafficOrder {
  readonly interfaceIndex: number;
  readonly link: Pick<FrameOptions, 'from' | 'to'>;
  readonly progress: SharedArrayBuffer;
}

const BURST = 8;
const PAUSE_MS = 1;

const { interfaceIndex, link, progress } = workerData as TrafficOrder;
const state = new Int32Array(progress);
const never = new Int32Array(new SharedArrayBuffer(4));
using socket = new PacketSocket({ interfaceIndex, etherType: 0 });
for (let number = 0; Atomics.load(state, Progress.stop) === 0; number++) {
  const payload = new Uint8Array(4);
  new DataView(payload.buffer).setUint32(0, number);
  const failure = socket.send(buildFrame(flowOfFrame(number), { ...link, payload }));
  if (failure !== undefined) throw new Error(`cannot send frame ${number}: ${failure.errno}`);
  Atomics.store(state, Progress.sent, number + 1);
  if (number % BURST === 0) Atomics.wait(never, 0, 0, PAUSE_MS);
}
