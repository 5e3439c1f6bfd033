import { ProtocolError, type Reader, type Writer } from '@fairlead/wire';
import {
  addBucket,
  bucketCount,
  bucketWords,
  countBuckets,
  forEachBucket,
  noBuckets,
  type BucketSet,
} from '../bucket-set.ts';
import { setForm } from './layout.ts';

/**
 * A set of buckets on the wire: form (1), then either count (2) and the gaps before each member or absentee,
 * 7 bits a byte, lowest first, or 128 bytes, bucket 0 in the lowest bit of the first.
 */
export function writeBucketSet(writer: Writer, set: BucketSet): void {
  const count = countBuckets(set);
  const sparse = Math.min(count, bucketCount - count);
  // More than 124 gaps of one byte each are longer than the bitmap.
  if (sparse > bucketCount / 8 - 4) {
    writeBitmap(writer, set);
  } else if (sparse === count) {
    writer.u8(setForm.members);
    writeGaps(writer, set, count);
  } else {
    writer.u8(setForm.absentees);
    writeGaps(writer, complement(set), sparse);
  }
}

/** @throws ProtocolError `truncated`, `malformed` */
export function readBucketSet(reader: Reader): BucketSet {
  const offset = reader.offset;
  const form = reader.u8();
  switch (form) {
    case setForm.members:
      return readGaps(reader);
    case setForm.absentees:
      return complement(readGaps(reader));
    case setForm.bitmap:
      return readBitmap(reader);
    default:
      throw new ProtocolError('malformed', offset, `bucket set form ${form}, expected 0 to 2`);
  }
}

function writeBitmap(writer: Writer, set: BucketSet): void {
  writer.u8(setForm.bitmap);
  for (const word of set) {
    writer.u8(word & 0xff);
    writer.u8((word >>> 8) & 0xff);
    writer.u8((word >>> 16) & 0xff);
    writer.u8(word >>> 24);
  }
}

function readBitmap(reader: Reader): BucketSet {
  const bytes = reader.bytes(bucketCount / 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const set = noBuckets();
  for (let word = 0; word < bucketWords; word++) set[word] = view.getUint32(word * 4, true);
  return set;
}

function writeGaps(writer: Writer, set: BucketSet, count: number): void {
  writer.u16(count);
  let next = 0;
  forEachBucket(set, (bucket) => {
    const gap = bucket - next;
    next = bucket + 1;
    if (gap > 0x7f) writer.u8(0x80 | (gap >>> 7));
    writer.u8(gap & 0x7f);
  });
}

/** Shared by all heartbeats that hold or offer nothing; nobody writes to what was read. */
const none = noBuckets();

function readGaps(reader: Reader): BucketSet {
  const count = reader.u16();
  if (count === 0) return none;
  const set = noBuckets();
  let next = 0;
  for (let index = 0; index < count; index++) {
    const offset = reader.offset;
    const first = reader.u8();
    const gap = first < 0x80 ? first : ((first & 0x7f) << 7) | reader.u8();
    const bucket = next + gap;
    if (bucket >= bucketCount) {
      throw new ProtocolError('malformed', offset, `bucket ${bucket}, expected 0 to 1023`);
    }
    addBucket(set, bucket);
    next = bucket + 1;
  }
  return set;
}

function complement(set: BucketSet): BucketSet {
  return set.map((word) => ~word);
}
