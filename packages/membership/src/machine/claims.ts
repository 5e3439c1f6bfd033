import { bucketWords, hasBucket, type BucketSet } from '../bucket-set.ts';
import { nodeClass, type Holding } from '../codec/heartbeat.ts';
import type { Peer } from './peer.ts';

/** What a live peer is known to hold of an Announcement; undefined where nothing counts. */
function holdingOf(peer: Peer, announcement: number): Holding | undefined {
  return peer.live && peer.view !== 'empty' ? peer.holdings.get(announcement) : undefined;
}

/** Whether the peer holds the bucket without offering it. */
export function claims(peer: Peer, announcement: number, bucket: number): boolean {
  const holding = holdingOf(peer, announcement);
  return (
    holding !== undefined && hasBucket(holding.held, bucket) && !hasBucket(holding.offered, bucket)
  );
}

/** Whether the peer holds the bucket, and will for longer than a farewell. */
export function keeps(peer: Peer, announcement: number, bucket: number): boolean {
  const holding = peer.class === nodeClass.out ? undefined : holdingOf(peer, announcement);
  return holding !== undefined && hasBucket(holding.held, bucket);
}

/** Sums up what live peers hold: without offering it, and at all; adds the latter to what ever was held. */
export function survey(
  peers: readonly Peer[],
  announcement: number,
  claimed: BucketSet,
  present: BucketSet,
  known: BucketSet,
): void {
  claimed.fill(0);
  present.fill(0);
  for (const peer of peers) {
    const holding = holdingOf(peer, announcement);
    if (holding === undefined) continue;
    for (let word = 0; word < bucketWords; word++) {
      const held = holding.held[word] ?? 0;
      present[word] = (present[word] ?? 0) | held;
      claimed[word] = (claimed[word] ?? 0) | (held & ~(holding.offered[word] ?? 0));
      known[word] = (known[word] ?? 0) | held;
    }
  }
}
