import { Errno, SystemError } from '../system-error.ts';
import { BpfCall, BpfCommand } from './bpf-call.ts';

export interface MapEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** As many entries in one call as fit in about this many bytes. */
const batchBytes = 64 * 1024;

/** What kernels answer for kinds of maps that cannot do it. */
const unsupported: ReadonlySet<number> = new Set([Errno.EINVAL, Errno.ENOTSUPP]);

/** All entries of a map by BPF_MAP_LOOKUP_BATCH, or undefined where this kind of map (or kernel) has none. */
export function lookupBatch(
  fd: number,
  keySize: number,
  valueSize: number,
  maxEntries: number,
  name: string,
): MapEntry[] | undefined {
  let count = Math.min(maxEntries, Math.max(16, Math.floor(batchBytes / (keySize + valueSize))));
  for (;;) {
    const found = lookupAll(fd, keySize, valueSize, count, name);
    if (found !== 'bucket-too-large') {
      return found;
    }
    count *= 2;
  }
}

function lookupAll(
  fd: number,
  keySize: number,
  valueSize: number,
  count: number,
  name: string,
): MapEntry[] | 'bucket-too-large' | undefined {
  // Where to go on: a bucket number in hash maps, a key in others.
  const tokenSize = Math.max(8, (keySize + 7) & ~7);
  const at = { token: 0, keys: tokenSize, values: tokenSize + ((count * keySize + 7) & ~7) };
  // struct { in u64, out u64, keys u64, values u64, count u32, map_fd u32, element flags u64, flags u64 }
  const call = new BpfCall(at.values + count * valueSize)
    .pointer(8, at.token)
    .pointer(16, at.keys)
    .pointer(24, at.values)
    .u32(36, fd);
  const entries: MapEntry[] = [];
  for (;;) {
    const result = call.u32(32, count).try(BpfCommand.mapLookupBatch);
    if (result === -Errno.ENOSPC) {
      return 'bucket-too-large';
    }
    const last = result === -Errno.ENOENT;
    if (result < 0 && !last) {
      if (entries.length === 0 && unsupported.has(-result)) {
        return undefined;
      }
      throw new SystemError(-result, 'bpf', `list map ${name}`);
    }
    const received = call.result(32);
    for (let index = 0; index < received; index += 1) {
      entries.push({
        key: call.data(at.keys + index * keySize, keySize).slice(),
        value: call.data(at.values + index * valueSize, valueSize).slice(),
      });
    }
    if (last) {
      return entries;
    }
    call.pointer(0, at.token);
  }
}
