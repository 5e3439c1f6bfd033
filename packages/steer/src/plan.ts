import type { NodeName, Problem } from '@fairlead/cluster';
import type { IpAddress, MacAddress } from '@fairlead/ip';

/** Where packets for our addresses must go, the same on all nodes but for `self`. */
export interface SteerPlan {
  readonly self: NodeName;
  /** All allocated addresses, with or without an entry. */
  readonly addresses: readonly IpAddress[];
  /** One for each address, protocol and port that has a usable endpoint. */
  readonly entries: readonly SteerEntry[];
  /** The tables that entries name, each once. */
  readonly tables: readonly SteerTable[];
  readonly problems: readonly Problem[];
}

/** What a packet must be addressed to. */
interface SteerKey {
  readonly address: IpAddress;
  readonly protocol: SteeredProtocol;
  readonly port: number;
}

/** Where packets to one port of an address go. */
export interface SteerEntry extends SteerKey {
  /** Choose by the source address alone, so that a client stays with its node. */
  readonly affinity: boolean;
  readonly target: SteerTarget;
}

export type SteeredProtocol = 'TCP' | 'UDP';

export type SteerTarget =
  | { readonly kind: 'node'; readonly node: NodeName }
  /** The receiving node's kube-proxy: no node can land it. */
  | { readonly kind: 'kube-proxy' }
  | { readonly kind: 'table'; readonly key: TableKey };

/** A hash of a list of candidates: equal lists have equal tables. */
export type TableKey = string & { readonly __brand: 'TableKey' };

/** A table's rows follow from its candidates; see `buildRows`. */
export interface SteerTable {
  readonly key: TableKey;
  /** At least two, in order of node. */
  readonly candidates: readonly Candidate[];
}

/** A node that rows may name. */
export interface Candidate {
  /** Undefined = left to the kube-proxy of whichever node receives the packet. */
  readonly node: NodeName | undefined;
  /** Usable endpoints there; at least 1. */
  readonly weight: number;
}

/** A segment as this node sees it through one interface. */
export interface SteerSegment {
  /** Where frames come in and leave again; of a bridge its uplink port. */
  readonly interfaceIndex: number;
  /** Ours on the segment; of a bridge the bridge's. */
  readonly mac: MacAddress;
  readonly peers: readonly SteerPeer[];
}

/** Another node on a segment. */
export interface SteerPeer {
  readonly node: NodeName;
  /** Undefined = not heard of yet. What an earlier agent knew still holds, else nothing can be handed to it. */
  readonly mac: MacAddress | undefined;
  /** More MAC addresses from which its frames may come. */
  readonly otherMacs?: readonly MacAddress[];
  /** False = fell silent: new flows avoid it. Undefined = not known yet: as it was, or else live. */
  readonly live: boolean | undefined;
}
