import type { IpAddress, MacAddress } from '@fairlead/ip';
import type { HeartbeatKeys } from '../codec/keyring.ts';

/** Who this node is on this segment; a change of any of it needs a new member. */
export interface SegmentIdentity {
  readonly node: string;
  readonly clusterId: string;
}

/** All that a member of a segment is told from outside; replaced as a whole when anything changes. */
export interface SegmentConfig {
  /** Our MAC addresses on this segment, those that answers carry. */
  readonly macs: readonly MacAddress[];
  /** The other nodes with an on-link address here; entries of this node's own name are ignored. */
  readonly peers: readonly PeerConfig[];
  readonly announcements: readonly AnnouncementConfig[];
  readonly keys: HeartbeatKeys;
  /** This node is excluded from load balancers, or is being deleted: it hands everything over. */
  readonly excluded: boolean;
  /** This node is Ready; one that is not owns addresses only where no other can. */
  readonly ready: boolean;
  /** This node's view of the cluster is up to date. */
  readonly fresh: boolean;
  /** The worker runs under SCHED_RR; else heartbeats are slower. */
  readonly roundRobin: boolean;
}

export interface PeerConfig {
  readonly node: string;
  /** Its on-link addresses here, link-local included. Tried in turn until one of them is heard from. */
  readonly addresses: readonly IpAddress[];
  /** As far as known; a heartbeat's are believed instead. */
  readonly macs: readonly MacAddress[];
}

export interface AnnouncementConfig {
  /** 0 to 2^32 - 1, the same on every node; 0 is the default Announcement. */
  readonly id: number;
  /** Nodes that may own its addresses; undefined = all. */
  readonly candidates?: readonly string[];
  /** Candidates that win before all others while they can; undefined = no preference. */
  readonly preferred?: readonly string[];
}

/** The most peers that a segment has: a heartbeat lists each of them. */
export const maximumPeers = 63;

/** The most Announcements on a segment: with more, a heartbeat could outgrow its datagram. */
export const maximumAnnouncements = 48;
