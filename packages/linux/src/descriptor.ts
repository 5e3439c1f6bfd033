import { libc } from './ffi.ts';
import { check } from './system-error.ts';

/** F_DUPFD_CLOEXEC, fcntl(2) */
const duplicateCloseOnExec = 1030;

/** A file descriptor with one owner. Once closed its number may belong to somebody else, so it is never handed out again. */
export class Descriptor implements Disposable {
  readonly #what: string;
  #fd: number;

  /** @param what names the thing in the error of a use after close, such as `UDP socket on eth0`. */
  constructor(fd: number, what: string) {
    this.#fd = fd;
    this.#what = what;
  }

  /** A second descriptor for what somebody else's descriptor stands for. */
  static duplicate(fd: number, what: string): Descriptor {
    return new Descriptor(check(libc.fcntl(fd, duplicateCloseOnExec, 0), 'fcntl', what), what);
  }

  /** Throws when closed. */
  get fd(): number {
    if (this.#fd < 0) {
      throw new Error(`${this.#what} is closed`);
    }
    return this.#fd;
  }

  get closed(): boolean {
    return this.#fd < 0;
  }

  /** Closes it; a second call does nothing. */
  [Symbol.dispose](): void {
    const fd = this.#fd;
    this.#fd = -1;
    if (fd >= 0) {
      // close(2): on Linux the descriptor is released even when an error comes back, and must not be closed again.
      libc.close(fd);
    }
  }
}
