import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { errno, libc } from './ffi.ts';
import { Errno, SystemError } from './system-error.ts';

/** flock(2) */
const lockExclusive = 2;
const lockNonBlocking = 4;

/** An exclusive lock on a file, which ends with the process at the latest. The file holds the owner's process id for people to read. */
export class FileLock implements Disposable {
  #fd: number | undefined;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /**
   * Takes the lock, or returns undefined while another process (or another FileLock of this one) holds it.
   * Throws what open(2) has to say where the file cannot be made.
   */
  static acquire(path: string): FileLock | undefined {
    const fd = openSync(path, 'a', 0o600);
    if (libc.flock(fd, lockExclusive | lockNonBlocking) !== 0) {
      const reason = errno();
      closeSync(fd);
      if (reason === Errno.EAGAIN) {
        return undefined;
      }
      throw new SystemError(reason, 'flock', path);
    }
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
    return new FileLock(fd);
  }

  /** The process id that the lock's last owner wrote, for messages only. */
  static ownerOf(path: string): number | undefined {
    const text = readFileSync(path, 'latin1').trim();
    return /^\d+$/.test(text) ? Number(text) : undefined;
  }

  /** The file stays: removing it would let two owners lock two files of one name. */
  [Symbol.dispose](): void {
    if (this.#fd !== undefined) {
      closeSync(this.#fd);
      this.#fd = undefined;
    }
  }
}
