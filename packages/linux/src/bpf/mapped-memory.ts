import { errno, libc, viewMemory } from '../ffi.ts';
import { SystemError } from '../system-error.ts';

/** mmap(2) */
export const MemoryProtection = { read: 1, readWrite: 3 } as const;
const mapShared = 1;
const mapFailed = 0xffff_ffff_ffff_ffffn;

/** Memory shared with the kernel. On disposal the buffer is detached first, so that a late access reads nothing instead of crashing. */
export interface MappedMemory extends Disposable {
  readonly buffer: ArrayBuffer;
}

/** Maps `size` bytes of what a descriptor stands for, from a page boundary on. */
export function mapMemory(
  fd: number,
  size: number,
  offset: number,
  protection: number,
  what: string,
): MappedMemory {
  const address = libc.mmap(null, size, protection, mapShared, fd, offset);
  if (address === mapFailed) {
    throw new SystemError(errno(), 'mmap', `${size} bytes of ${what}`);
  }
  const buffer = viewMemory(address, size);
  let mapped = true;
  return {
    buffer,
    [Symbol.dispose]() {
      if (mapped) {
        mapped = false;
        buffer.transfer();
        libc.munmap(address, size);
      }
    },
  };
}
