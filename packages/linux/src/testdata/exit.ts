import { isMainThread, Worker, workerData } from 'node:worker_threads';
import { watchInterfaces } from '../netlink/watch-interfaces.ts';
import { EventFd } from '../sockets/event-fd.ts';
import { Poller } from '../sockets/poller.ts';

/*
 * A process with a worker that is blocked in poll(2), and a watch on the kernel, which ends in the way its argument says.
 */

interface WorkerInput {
  readonly fds: readonly number[];
  /** 1 once the worker is about to wait. */
  readonly waiting: Int32Array;
}

function wait({ fds, waiting }: WorkerInput): void {
  const poller = new Poller();
  for (const fd of fds) {
    poller.add(fd);
  }
  Atomics.store(waiting, 0, 1);
  for (;;) {
    poller.wait(Number.POSITIVE_INFINITY);
  }
}

/** Never closed. */
const open: Disposable[] = [];

const endings: Readonly<Record<string, (worker: Worker) => void>> = {
  exit: () => process.exit(3),
  throw: () => {
    throw new Error('uncaught');
  },
  terminate: (worker) => {
    void worker.terminate().then(() => process.exit(4));
  },
};

if (isMainThread) {
  const [how = '', signalled] = process.argv.slice(2);
  open.push(watchInterfaces(() => {}));
  const fds = signalled === 'signalled' ? [new EventFd().fd] : [];
  const waiting = new Int32Array(new SharedArrayBuffer(4));
  const input: WorkerInput = { fds, waiting };
  const worker = new Worker(import.meta.filename, { workerData: input });
  const timer = setInterval(() => {
    if (Atomics.load(waiting, 0) === 1) {
      clearInterval(timer);
      endings[how]?.(worker);
    }
  }, 20);
} else {
  wait(workerData as WorkerInput);
}
