export { portBackends, usableBackends, type Backend, type PortBackends } from './backends.ts';
export { deepFreeze } from './deep-freeze.ts';
export { listChange, type ListChange } from './list-change.ts';
export { matchesInterface } from './interface-globs.ts';
export { addressesOfNode } from './node-addresses.ts';
export { assembleState } from './objects/assemble.ts';
export { excludeLabel } from './objects/node.ts';
export { foreignAddresses } from './objects/pool-conflicts.ts';
export {
  problemsOf,
  readObject,
  type ClusterObject,
  type ClusterObjectKind,
  type ReadObject,
} from './objects/read-object.ts';
export { readPublishedStatus } from './objects/published-status.ts';
export type { ReadOptions, Reader, ServiceOptions } from './objects/read-options.ts';
export type { Condition } from './schemas/condition.ts';
export type { NodeReportStatus } from './schemas/node-report.ts';
export { remember } from './objects/remember.ts';
export { unchanged } from './objects/unchanged.ts';
export { sharedAddresses } from './shared-addresses.ts';
export { rememberEach } from './remember-each.ts';
export { matchesSelector } from './selectors.ts';
export {
  readClusterText,
  type ClusterText,
  type ClusterTextOptions,
} from './sources/file/read-cluster-text.ts';
export { watchClusterFile, type ClusterFileOptions } from './sources/file/watch-cluster-file.ts';
export {
  KubernetesSource,
  type KubernetesSourceOptions,
} from './sources/kubernetes/kubernetes-source.ts';
export { ownResources, type WrittenNodeReport } from './sources/kubernetes/own-resources.ts';
export { forgetLastState, loadLastState, saveLastState } from './sources/last-state/last-state.ts';
export { Secret } from './sources/secret.ts';
export { isSameBut, isSameKnowledge, type SourceUpdate } from './sources/source.ts';
export type {
  AddressPool,
  AllocatedAddress,
  Allocation,
  Allocations,
  Announcement,
  ClusterNamespace,
  ClusterNode,
  ClusterState,
  Endpoint,
  LabelRequirement,
  LabelSelector,
  LoadBalancerService,
  NodeName,
  PoolRange,
  Problem,
  PublishedStatus,
  ReportedInterface,
  ReportedNode,
  RequestFields,
  ServiceKey,
  ServicePort,
  ServiceProtocol,
  TrafficPolicy,
  UnservedService,
} from './state.ts';
