import type { IpAddress, IpFamily, MacAddress, Prefix } from '@fairlead/ip';
import type { Condition } from './schemas/condition.ts';

/** A node's name as Kubernetes knows it. */
export type NodeName = string & { readonly __brand: 'NodeName' };
/** `namespace/name` of a Service. */
export type ServiceKey = string & { readonly __brand: 'ServiceKey' };

/** What the cluster looks like, as plain data: the only input of every decision. */
export interface ClusterState {
  /** UID of the kube-system namespace, or what a standalone file names. */
  readonly clusterId: string;
  readonly nodes: readonly ClusterNode[];
  /** Services of type LoadBalancer that are ours by class, in order of creation, then by key. */
  readonly services: readonly LoadBalancerService[];
  /** Services that are not served although their status is, or may be, ours. Absent in a standalone file. */
  readonly unservedServices?: readonly UnservedService[];
  readonly pools: readonly AddressPool[];
  readonly announcements: readonly Announcement[];
  /** Namespaces with labels; one that is not listed has the label with its name only. */
  readonly namespaces?: readonly ClusterNamespace[];
  /** What the source could not use, each object by itself. */
  readonly problems: readonly Problem[];
}

export interface ClusterNamespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Something a person has to mend: which object, which field, which value, and what to do. */
export interface Problem {
  /** `Kind/name` or `Kind/namespace/name`. */
  readonly object: string;
  /** Path of the field, as in `spec.addresses[1]`; empty where it is about the object as a whole. */
  readonly field: string;
  /** The offending value as it was written; empty where there is none. */
  readonly value: string;
  /** What is wrong and what to do, one sentence each. */
  readonly message: string;
  /** Why, in one word for conditions and programs; undefined = the object cannot be read as it is. */
  readonly reason?: 'Overlap' | 'AddressInUse';
}

export interface ClusterNode {
  readonly name: NodeName;
  readonly labels: Readonly<Record<string, string>>;
  /** InternalIP addresses. */
  readonly addresses: readonly IpAddress[];
  readonly ready: boolean;
  /** Labelled `node.kubernetes.io/exclude-from-external-load-balancers`, or being deleted. */
  readonly excluded: boolean;
  /** What its agent has reported; undefined where none has, and in a standalone file. */
  readonly report?: ReportedNode;
}

/** What is read of a node's NodeReport. */
export interface ReportedNode {
  /** Interfaces on which it can announce. */
  readonly interfaces: readonly ReportedInterface[];
  /** Whether packets for pods on this node may be handed to it. */
  readonly landing: boolean;
  /** Routers of its default routes: no Service may have one of these addresses. */
  readonly gateways?: readonly IpAddress[];
  /** What does not work there. Read by the controller only: agents are not woken by each other's problems. */
  readonly problems: readonly Problem[];
}

export interface ReportedInterface {
  readonly name: string;
  readonly mac: MacAddress;
  /** With prefix lengths, host bits kept; link-local ones included. */
  readonly addresses: readonly Prefix[];
}

export type ServiceProtocol = 'TCP' | 'UDP' | 'SCTP';
export type TrafficPolicy = 'Cluster' | 'Local';

export interface ServicePort {
  /** Empty for a Service's only, unnamed port. */
  readonly name: string;
  readonly protocol: ServiceProtocol;
  readonly port: number;
}

export interface LoadBalancerService {
  readonly key: ServiceKey;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Wanted families in order; the first is the primary one. */
  readonly families: readonly IpFamily[];
  readonly familyPolicy: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
  readonly ports: readonly ServicePort[];
  readonly externalTrafficPolicy: TrafficPolicy;
  /** Seconds that a client sticks to a pod; undefined = no affinity. */
  readonly affinitySeconds: number | undefined;
  /** Empty = everybody. */
  readonly sourceRanges: readonly Prefix[];
  /** Annotation `fairlead.dev/addresses`, its MetalLB equivalents, or `spec.loadBalancerIP`. */
  readonly requestedAddresses: readonly IpAddress[];
  readonly requestedPool: string | undefined;
  readonly shareKey: string | undefined;
  /** Where the requests above were written, for problems; undefined = our own annotations. */
  readonly requestFields?: RequestFields;
  readonly endpoints: readonly Endpoint[];
  /** Whether the Service names our class; without one it may be somebody else's as well. */
  readonly namesClass?: boolean;
  /** What its status says; absent in a standalone file. */
  readonly published?: PublishedStatus;
}

/** The status of a Service as the API server has it. */
export interface PublishedStatus {
  readonly uid: string;
  /** Those of `status.loadBalancer.ingress`, whoever wrote them. */
  readonly addresses: readonly IpAddress[];
  /** Those of type `fairlead.dev/…`. Where there is none, the addresses are somebody else's. */
  readonly conditions: readonly Condition[];
}

/** A Service that is not served but needs attention. */
export interface UnservedService {
  readonly key: ServiceKey;
  readonly namespace: string;
  readonly name: string;
  /**
   * `refused`: ours, but something in it cannot be used (see `ClusterState.problems`); it keeps its addresses.
   * `released`: no longer of our type or class, but its status still has our conditions.
   */
  readonly why: 'refused' | 'released';
  readonly published: PublishedStatus;
}

/** Field paths of what a Service requests, as in `metadata.annotations[fairlead.dev/pool]`. */
export interface RequestFields {
  readonly addresses?: string;
  readonly pool?: string;
  readonly shareKey?: string;
}

/** One address of one pod behind a Service (an EndpointSlice's endpoint, one family). */
export interface Endpoint {
  readonly address: IpAddress;
  readonly node: NodeName | undefined;
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly ports: readonly ServicePort[];
}

/** A label selector; empty selects all. */
export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?: readonly LabelRequirement[] | undefined;
}

export interface LabelRequirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[] | undefined;
}

/** Addresses from `first` to `last`, both included, as integers. */
export interface PoolRange {
  readonly family: IpFamily;
  readonly first: bigint;
  readonly last: bigint;
  /** As it was written, and where: `spec.addresses[0]`. */
  readonly text: string;
  readonly field: string;
}

export interface AddressPool {
  readonly name: string;
  readonly ranges: readonly PoolRange[];
  readonly autoAssign: boolean;
  /** 1 first; undefined last. */
  readonly priority: number | undefined;
  readonly namespaces: readonly string[];
  readonly namespaceSelector: LabelSelector | undefined;
  readonly serviceSelector: LabelSelector | undefined;
  readonly skipEdges: boolean;
  /** For how long nobody else is given an address that was freed, ms. Undefined = 0. */
  readonly reuseAfterMs?: number;
}

export interface Announcement {
  readonly name: string;
  /** Pools by name; empty = all. */
  readonly pools: readonly string[];
  readonly serviceSelector: LabelSelector | undefined;
  readonly nodeSelector: LabelSelector | undefined;
  /** Globs of interface names; empty = those on which the address is on-link. */
  readonly interfaces: readonly string[];
  /** Nodes that win before all others while they are live; undefined = no preference. */
  readonly preferredNodes: LabelSelector | undefined;
}

/** What `allocate` decided for one Service. */
export interface Allocation {
  readonly addresses: readonly AllocatedAddress[];
  /** Why it has no address, or fewer than it asked for. */
  readonly problems: readonly Problem[];
}

export interface AllocatedAddress {
  readonly address: IpAddress;
  readonly pool: string;
}

export type Allocations = ReadonlyMap<ServiceKey, Allocation>;
