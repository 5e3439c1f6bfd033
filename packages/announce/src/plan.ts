import type { NodeName, Problem, ServiceKey } from '@fairlead/cluster';
import type { IpAddress, MacAddress } from '@fairlead/ip';

/** What must be announced by this node and with whom it agrees on the owner: one entry a segment. */
export interface AnnouncePlan {
  readonly segments: readonly SegmentPlan[];
  /** All interfaces on which this node could announce, those of segments first, twins last. */
  readonly interfaces: readonly UsableInterface[];
  readonly problems: readonly Problem[];
}

export interface UsableInterface {
  readonly name: string;
  readonly index: number;
  readonly mac: MacAddress;
}

/** One L2 network this node is on, by the interface that holds its addresses there. */
export interface SegmentPlan {
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  /** The MAC that answers carry: the interface's own (a bridge's, not its port's). */
  readonly mac: MacAddress;
  /** Where frames come in: the interface, or the uplink ports of a bridge. */
  readonly ports: readonly number[];
  /** The node's other interfaces in the same subnet: nothing is announced there, but heartbeats may come in. */
  readonly twins: readonly UsableInterface[];
  /** This node's own addresses on the segment. */
  readonly addresses: readonly IpAddress[];
  readonly peers: readonly SegmentPeer[];
  readonly announcements: readonly AnnouncementPlan[];
  readonly claims: readonly ClaimPlan[];
}

export interface SegmentPeer {
  readonly node: NodeName;
  /** Its addresses that are on-link here. */
  readonly addresses: readonly IpAddress[];
}

/** A set of nodes among which buckets of addresses are shared out. */
export interface AnnouncementPlan {
  /** 0 for addresses that no Announcement names, else a hash of its name: the same on all nodes. */
  readonly id: number;
  readonly name: string;
  /** Undefined = every node. */
  readonly candidates: readonly NodeName[] | undefined;
  /** Win before the others while they are live; undefined = none. */
  readonly preferred: readonly NodeName[] | undefined;
}

export interface ClaimPlan {
  readonly address: IpAddress;
  readonly announcement: number;
  readonly services: readonly ServiceKey[];
}
