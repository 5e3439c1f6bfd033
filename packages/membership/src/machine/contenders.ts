import { bucketCount } from '../bucket-set.ts';
import { nodeClass, type NodeClass } from '../codec/heartbeat.ts';
import type { AnnouncementConfig } from './configuration.ts';
import type { Peer } from './peer.ts';

/** A node that may own buckets: this one or a live peer. */
export interface Contender {
  readonly node: string;
  readonly scores: Uint32Array;
  /** Undefined = this node. */
  readonly peer: Peer | undefined;
}

/** This node as it contends. */
export interface OwnContender extends Contender {
  readonly peer: undefined;
  readonly class: NodeClass;
  /** While joining, it contends only once it is sure of who else is there. */
  readonly settled: boolean;
}

/** Who goes first: joining nodes own only what nobody else may own. */
const tiers = [nodeClass.active, nodeClass.behind, nodeClass.joining] as const;

/** The nodes among which an Announcement's buckets are shared out. */
export function contenders(
  announcement: AnnouncementConfig,
  self: OwnContender,
  peers: Iterable<Peer>,
): readonly Contender[] {
  const { candidates, preferred } = announcement;
  const all: { readonly class: NodeClass; readonly contender: Contender }[] = [];
  if (candidates?.includes(self.node) !== false) {
    if (self.class !== nodeClass.joining || self.settled) {
      all.push({ class: self.class, contender: self });
    }
  }
  for (const peer of peers) {
    if (!peer.live || candidates?.includes(peer.node) === false) continue;
    const contender = { node: peer.node, scores: peer.scores, peer };
    all.push({ class: peer.class, contender });
  }
  for (const tier of tiers) {
    const members = all.filter((each) => each.class === tier).map(({ contender }) => contender);
    if (members.length === 0) continue;
    const first = members.filter(({ node }) => preferred?.includes(node));
    return first.length > 0 ? first : members;
  }
  return [];
}

/** Writes the winner of each bucket, as an index into the contenders; -1 where there are none. */
export function writeWinners(among: readonly Contender[], winners: Int8Array): void {
  winners.fill(among.length === 0 ? -1 : 0);
  const [first] = among;
  if (first === undefined || among.length === 1) return;
  const best = Uint32Array.from(first.scores);
  for (let index = 1; index < among.length; index++) {
    const contender = among[index];
    if (contender === undefined) continue;
    const { scores, node } = contender;
    for (let bucket = 0; bucket < bucketCount; bucket++) {
      const score = scores[bucket] ?? 0;
      const present = best[bucket] ?? 0;
      if (score < present) continue;
      if (score === present && (among[winners[bucket] ?? 0]?.node ?? '') < node) continue;
      best[bucket] = score;
      winners[bucket] = index;
    }
  }
}
