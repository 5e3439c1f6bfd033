/** The memory of a ring buffer: two counters of bytes, and the data, mapped twice in a row so that no record is cut in two. */
export interface Ring {
  /** How far the reader is; ours to write. */
  readonly consumed: BigUint64Array;
  /** How far the writer is. */
  readonly produced: BigUint64Array;
  /** The data as words. */
  readonly headers: Int32Array;
  /** The same data as bytes. */
  readonly data: Uint8Array;
  /** Bytes, without the second mapping; a power of two. */
  readonly size: number;
}

/** A record's header: length and two bits u32, page offset u32. kernel/bpf/ringbuf.c, BPF_RINGBUF_HDR_SZ */
const headerSize = 8;
const busyBit = 0x8000_0000;
const discardBit = 0x4000_0000;
const lengthMask = 0x3fff_ffff;

/**
 * Reads the records that the writer has committed by now, up to the first it still works on.
 * The atomic load of a header pairs with the writer's exchange, so that the data it covers are whole.
 * @param onRecord gets each record's bytes, a view that is valid during the call only; where it throws, the record counts as read
 * @returns how many records were read
 */
export function drainRing(ring: Ring, onRecord: (bytes: Uint8Array) => void): number {
  const { consumed, produced, headers, data, size } = ring;
  let records = 0;
  let position = Number(Atomics.load(consumed, 0));
  // Read once: a writer that is faster than we are would hold us here for ever.
  const end = Number(Atomics.load(produced, 0));
  while (position < end) {
    const at = position % size;
    const header = Atomics.load(headers, at / 4) >>> 0;
    if ((header & busyBit) !== 0) {
      break;
    }
    const length = header & lengthMask;
    position += (length + headerSize + 7) & ~7;
    try {
      if ((header & discardBit) === 0) {
        records += 1;
        onRecord(data.subarray(at + headerSize, at + headerSize + length));
      }
    } finally {
      Atomics.store(consumed, 0, BigInt(position));
    }
  }
  return records;
}
