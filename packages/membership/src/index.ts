export { bucketCount, bucketOf } from './bucket-set.ts';
export { heartbeatPort, nodeClass, type DropReason, type NodeClass } from './codec/heartbeat.ts';
export { membershipKey, type Keyring, type MembershipKey } from './codec/keyring.ts';
export type {
  AnnouncementConfig,
  PeerConfig,
  SegmentConfig,
  SegmentIdentity,
} from './machine/configuration.ts';
export type { HoldingChange, TakeReason } from './machine/holding.ts';
export { aloneInterval } from './machine/timing.ts';
export type { SegmentProblem } from './machine/problem.ts';
export type {
  AnnouncementSnapshot,
  MemberSnapshot,
  SegmentCounters,
  SegmentSnapshot,
} from './snapshot.ts';
export type { Datagram, PeerState, SegmentIo, SegmentListener } from './segment-io.ts';
export { SegmentMember } from './turn.ts';
