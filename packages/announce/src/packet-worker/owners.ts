import type { SegmentSnapshot } from '@fairlead/membership';

const LOOK_EVERY_MS = 1000;

export interface Owner {
  readonly node: string;
  /** When it was first seen to own the bucket, monotonic milliseconds. */
  readonly since: number;
}

/** Remembers since when which node owns a bucket: heartbeats tell who, but not since when. */
export class Owners {
  readonly #owners = new Map<string, Owner>();
  #nextLookAt = -Infinity;

  /** Looks at most once a second, as a look at all buckets is dear. */
  look(snapshot: () => SegmentSnapshot, now: number): void {
    if (now < this.#nextLookAt) return;
    this.#nextLookAt = now + LOOK_EVERY_MS;
    this.update(snapshot(), now);
  }

  update({ announcements }: SegmentSnapshot, now: number): void {
    const present = new Set<string>();
    for (const { id, holders, nodes } of announcements) {
      for (const [bucket, holder] of holders.entries()) {
        const node = nodes[holder];
        if (node === undefined) continue;
        const key = `${id}/${bucket}`;
        present.add(key);
        if (this.#owners.get(key)?.node !== node) this.#owners.set(key, { node, since: now });
      }
    }
    for (const key of this.#owners.keys()) if (!present.has(key)) this.#owners.delete(key);
  }

  /** Undefined = nobody is known to own it. */
  of(announcement: number, bucket: number): Owner | undefined {
    return this.#owners.get(`${announcement}/${bucket}`);
  }
}
