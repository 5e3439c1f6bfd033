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

export interface ListedMap {
  readonly fd: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly name: string;
}

export interface BatchVisitor {
  /** The bytes are overwritten after the visit. */
  readonly visit: (key: Uint8Array, value: Uint8Array) => void;
  /** All visits so far will be made again. */
  readonly restart: () => void;
}

/**
 * Visits all entries of a map by BPF_MAP_LOOKUP_BATCH.
 * @returns false where this kind of map (or kernel) has no such call
 */
export function visitBatches(map: ListedMap, visitor: BatchVisitor): boolean {
  const { maxEntries, keySize, valueSize } = map;
  let count = Math.min(maxEntries, Math.max(16, Math.floor(batchBytes / (keySize + valueSize))));
  for (;;) {
    const outcome = visitAll(map, count, visitor);
    if (outcome !== 'bucket-too-large') {
      return outcome === 'visited';
    }
    visitor.restart();
    count *= 2;
  }
}

function visitAll(
  { fd, keySize, valueSize, name }: ListedMap,
  count: number,
  { visit }: BatchVisitor,
): 'visited' | 'bucket-too-large' | 'unsupported' {
  // Where to go on: a bucket number in hash maps, a key in others.
  const tokenSize = Math.max(8, (keySize + 7) & ~7);
  const at = { token: 0, keys: tokenSize, values: tokenSize + ((count * keySize + 7) & ~7) };
  // struct { in u64, out u64, keys u64, values u64, count u32, map_fd u32, element flags u64, flags u64 }
  const call = new BpfCall(at.values + count * valueSize)
    .pointer(8, at.token)
    .pointer(16, at.keys)
    .pointer(24, at.values)
    .u32(36, fd);
  for (let first = true; ; first = false) {
    const result = call.u32(32, count).try(BpfCommand.mapLookupBatch);
    if (result === -Errno.ENOSPC) {
      return 'bucket-too-large';
    }
    const last = result === -Errno.ENOENT;
    if (result < 0 && !last) {
      if (first && unsupported.has(-result)) {
        return 'unsupported';
      }
      throw new SystemError(-result, 'bpf', `list map ${name}`);
    }
    const received = call.result(32);
    for (let index = 0; index < received; index += 1) {
      visit(
        call.data(at.keys + index * keySize, keySize),
        call.data(at.values + index * valueSize, valueSize),
      );
    }
    if (last) {
      return 'visited';
    }
    call.pointer(0, at.token);
  }
}
