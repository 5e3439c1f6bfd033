import type { SegmentSnapshot } from '@fairlead/membership';

const LOOK_EVERY_MS = 1000;

export interface Owner {
  readonly node: string;
  /** When it was first seen to own the bucket, monotonic milliseconds. */
  readonly since: number;
}

/** Remembers since when which node owns a bucket: heartbeats tell who, but not since when. */
export class Owners {
  /** By Announcement, then by bucket; empty = nobody is known to own it. */
  readonly #owners = new Map<number, (Owner | undefined)[]>();
  #nextLookAt = -Infinity;

  /** Looks at most once a second, as a look at all buckets is dear. */
  look(snapshot: () => SegmentSnapshot, now: number): void {
    if (now < this.#nextLookAt) return;
    this.#nextLookAt = now + LOOK_EVERY_MS;
    this.update(snapshot(), now);
  }

  update({ announcements }: SegmentSnapshot, now: number): void {
    const present = new Set(announcements.map(({ id }) => id));
    for (const id of this.#owners.keys()) if (!present.has(id)) this.#owners.delete(id);
    for (const { id, holders, nodes } of announcements) {
      const owners = this.#owners.getOrInsertComputed(id, () => []);
      for (const [bucket, holder] of holders.entries()) {
        const node = nodes[holder];
        if (owners[bucket]?.node === node) continue;
        owners[bucket] = node === undefined ? undefined : { node, since: now };
      }
    }
  }

  /** Undefined = nobody is known to own it. */
  of(announcement: number, bucket: number): Owner | undefined {
    return this.#owners.get(announcement)?.[bucket];
  }
}
