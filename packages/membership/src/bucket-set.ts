import { addressToBytes, hash32, type IpAddress } from '@fairlead/ip';

/** How many buckets an Announcement's addresses fall into. Part of the protocol. */
export const bucketCount = 1024;

/** How many 32-bit words a set of buckets has. */
export const bucketWords = bucketCount / 32;

/** A set of buckets: bit `b % 32` of word `b / 32`. Words, because every rule works on 32 buckets at once. */
export type BucketSet = Uint32Array;

/**
 * The bucket of an address, the same on every node. The 1024 addresses of an aligned block have a bucket each, so
 * that a pool in full use is spread as evenly as the buckets are; where a block begins follows from a hash.
 */
export function bucketOf(address: IpAddress): number {
  const bytes = addressToBytes(address);
  const end = bytes.length;
  const place = (((bytes[end - 2] ?? 0) << 8) | (bytes[end - 1] ?? 0)) % bucketCount;
  bytes[end - 2] = (bytes[end - 2] ?? 0) & ~3;
  bytes[end - 1] = 0;
  return (hash32(Buffer.from(bytes).toString('hex')) + place) % bucketCount;
}

/** An empty set. */
export function noBuckets(): BucketSet {
  return new Uint32Array(bucketWords);
}

export function hasBucket(set: BucketSet, bucket: number): boolean {
  return (((set[bucket >>> 5] ?? 0) >>> (bucket & 31)) & 1) === 1;
}

export function addBucket(set: BucketSet, bucket: number): void {
  const word = bucket >>> 5;
  set[word] = (set[word] ?? 0) | (1 << (bucket & 31));
}

export function removeBucket(set: BucketSet, bucket: number): void {
  const word = bucket >>> 5;
  set[word] = (set[word] ?? 0) & ~(1 << (bucket & 31));
}

export function isEmpty(set: BucketSet): boolean {
  for (let word = 0; word < bucketWords; word++) if (set[word] !== 0) return false;
  return true;
}

export function sameBuckets(a: BucketSet, b: BucketSet): boolean {
  if (a === b) return true;
  for (let word = 0; word < bucketWords; word++) if (a[word] !== b[word]) return false;
  return true;
}

/** How many buckets the set holds. */
export function countBuckets(set: BucketSet): number {
  let count = 0;
  for (let word = 0; word < bucketWords; word++) {
    // Population count by parallel addition of bit fields (Hacker's Delight §5-1).
    let bits = set[word] ?? 0;
    bits -= (bits >>> 1) & 0x55555555;
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
    count += Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}

/** Calls back with every bucket of the set, lowest first. The set must not change meanwhile. */
export function forEachBucket(set: BucketSet, visit: (bucket: number) => void): void {
  for (let word = 0; word < bucketWords; word++) {
    let bits = set[word] ?? 0;
    while (bits !== 0) {
      const lowest = bits & -bits;
      visit(word * 32 + (31 - Math.clz32(lowest)));
      bits ^= lowest;
    }
  }
}

/** The buckets of the set, lowest first. */
export function bucketsOf(set: BucketSet): number[] {
  const buckets: number[] = [];
  forEachBucket(set, (bucket) => buckets.push(bucket));
  return buckets;
}

/** What is in both. */
export function intersection(a: BucketSet, b: BucketSet): BucketSet {
  return a.map((word, index) => word & (b[index] ?? 0));
}

/** What is in the first, but not in the second. */
export function difference(a: BucketSet, b: BucketSet): BucketSet {
  return a.map((word, index) => word & ~(b[index] ?? 0));
}

/** Adds to the first what is in the second. */
export function unite(target: BucketSet, more: BucketSet): void {
  for (let word = 0; word < bucketWords; word++) {
    target[word] = (target[word] ?? 0) | (more[word] ?? 0);
  }
}
