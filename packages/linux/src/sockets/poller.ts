import { errno, libc } from '../ffi.ts';
import { monotonicNs } from '../clock.ts';
import { Errno, SystemError } from '../system-error.ts';

/** poll(2) */
const PollEvent = { in: 0x1, error: 0x8, hangUp: 0x10, invalid: 0x20 } as const;

/** struct pollfd: descriptor i32, events i16, returned events i16 */
const entrySize = 8;

/**
 * A blocking call returns at least this often to JavaScript: only there can a worker be stopped
 * when the process ends and nobody wakes the descriptors it waits for.
 */
const longestSliceNs = 100_000_000n;

const none: readonly number[] = Object.freeze([]);

/**
 * Waits for descriptors in the calling thread, which is blocked meanwhile: for workers.
 * It owns none of the descriptors: remove one before it is closed.
 */
export class Poller {
  readonly #fds: number[] = [];
  #entries = new Uint8Array(0);
  readonly #timeout = new BigUint64Array(2);

  add(fd: number): void {
    if (!this.#fds.includes(fd)) {
      this.#fds.push(fd);
      this.#layOut();
    }
  }

  /** Does nothing where the descriptor was not added. */
  remove(fd: number): void {
    const index = this.#fds.indexOf(fd);
    if (index >= 0) {
      this.#fds.splice(index, 1);
      this.#layOut();
    }
  }

  #layOut(): void {
    this.#entries = new Uint8Array(this.#fds.length * entrySize);
    const view = new DataView(this.#entries.buffer);
    for (const [index, fd] of this.#fds.entries()) {
      view.setInt32(index * entrySize, fd, true);
      view.setInt16(index * entrySize + 4, PollEvent.in, true);
    }
  }

  /**
   * The descriptors that have something to read, or an error to collect, in the order they were added; none after the timeout.
   * @param timeoutMs may have a fraction; Infinity waits for ever, 0 not at all
   */
  wait(timeoutMs: number): readonly number[] {
    const until =
      timeoutMs === Number.POSITIVE_INFINITY
        ? undefined
        : monotonicNs() + BigInt(Math.max(0, Math.ceil(timeoutMs * 1e6)));
    let left =
      until === undefined ? longestSliceNs : BigInt(Math.max(0, Math.ceil(timeoutMs * 1e6)));
    for (;;) {
      const slice = left < longestSliceNs ? left : longestSliceNs;
      const ready = this.#waitOnce(slice);
      if (ready.length > 0) {
        return ready;
      }
      left = until === undefined ? longestSliceNs : until - monotonicNs();
      if (left <= 0n) {
        return none;
      }
    }
  }

  #waitOnce(timeoutNs: bigint): readonly number[] {
    this.#timeout[0] = timeoutNs / 1_000_000_000n;
    this.#timeout[1] = timeoutNs % 1_000_000_000n;
    const count = libc.ppoll(this.#entries, this.#fds.length, this.#timeout, null);
    if (count < 0) {
      const reason = errno();
      if (reason === Errno.EINTR) {
        return none;
      }
      throw new SystemError(reason, 'ppoll', `${this.#fds.length} descriptors`);
    }
    return count === 0 ? none : this.#collect();
  }

  #collect(): readonly number[] {
    const view = new DataView(this.#entries.buffer);
    const ready: number[] = [];
    for (const [index, fd] of this.#fds.entries()) {
      const events = view.getInt16(index * entrySize + 6, true);
      if ((events & PollEvent.invalid) !== 0) {
        throw new Error(`descriptor ${fd} was closed while it was polled`);
      }
      if ((events & (PollEvent.in | PollEvent.error | PollEvent.hangUp)) !== 0) {
        ready.push(fd);
      }
    }
    return ready;
  }
}
