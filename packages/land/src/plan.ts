import type { NodeName, Problem, ServiceKey, ServiceProtocol } from '@fairlead/cluster';
import type { IpAddress, Prefix } from '@fairlead/ip';

/** What this node has to do with packets for our addresses. Frozen, and equal for equal input. */
export interface LandPlan {
  readonly node: NodeName;
  /** Interfaces by which packets for our addresses may come in; on no other is anything rewritten. */
  readonly announcingInterfaces: readonly string[];
  /** Every address of ours, whether or not it lands here: what the guard watches over. */
  readonly addresses: readonly IpAddress[];
  /** Those behind which at least one usable backend stands, on any node: they answer an echo request. */
  readonly answering: readonly IpAddress[];
  /** What lands here, in the order of the Services; each port of an address occurs once. */
  readonly entries: readonly LandEntry[];
  /** What was left out, and why. */
  readonly problems: readonly Problem[];
}

/** One port of one address whose packets go to pods of this node. */
export interface LandEntry {
  readonly address: IpAddress;
  readonly protocol: ServiceProtocol;
  readonly port: number;
  readonly service: ServiceKey;
  /** Usable, on this node, of the address's family; never empty. */
  readonly pods: readonly LandPod[];
  /** Networks, host bits clear and none inside another, whose clients may connect; undefined = everybody. */
  readonly sources: readonly Prefix[] | undefined;
  /** How long a client sticks to a pod after its last new connection; undefined = no affinity. */
  readonly affinitySeconds: number | undefined;
}

export interface LandPod {
  readonly address: IpAddress;
  /** The pod's own port. */
  readonly port: number;
}
