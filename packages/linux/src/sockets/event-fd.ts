import { Descriptor } from '../descriptor.ts';
import { libc } from '../ffi.ts';
import { check } from '../system-error.ts';

/** eventfd(2) */
const nonBlocking = 0o4000;
const closeOnExec = 0o2000000;

const one = BigUint64Array.of(1n);
const counter = new BigUint64Array(1);

/** Signalled when this thread's process or worker ends, so that a thread which waits for one of them does not hold up the end. */
const live = new Set<EventFd>();

function signalAll(): void {
  for (const event of live) {
    event.signal();
  }
}

/**
 * Wakes a thread that waits in {@link Poller.wait}, from any thread of the process.
 * Make it in the main thread, give its number to the worker, which uses {@link signalEventFd} and {@link clearEventFd}.
 * It is signalled by itself when the thread that made it exits, also by `process.exit()` and by an uncaught error.
 */
export class EventFd implements Disposable {
  readonly #descriptor: Descriptor;

  constructor() {
    this.#descriptor = new Descriptor(
      check(libc.eventfd(0, nonBlocking | closeOnExec), 'eventfd'),
      'event descriptor',
    );
    if (live.size === 0) {
      process.on('exit', signalAll);
    }
    live.add(this);
  }

  /** For a poller, and to be sent to another thread. Throws when closed. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** Makes it readable. */
  signal(): void {
    signalEventFd(this.fd);
  }

  /** Makes it not readable; returns whether it was. */
  clear(): boolean {
    return clearEventFd(this.fd);
  }

  [Symbol.dispose](): void {
    live.delete(this);
    if (live.size === 0) {
      process.off('exit', signalAll);
    }
    this.#descriptor[Symbol.dispose]();
  }
}

/** {@link EventFd.signal} for a descriptor that another thread owns. */
export function signalEventFd(fd: number): void {
  // EAGAIN means that the counter is at its maximum: readable all the same.
  libc.write(fd, one, 8);
}

/** {@link EventFd.clear} for a descriptor that another thread owns. */
export function clearEventFd(fd: number): boolean {
  return libc.read(fd, counter, 8) === 8;
}
