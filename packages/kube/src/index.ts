export { backoffMs, Backoff, type BackoffPolicy, type Random } from './backoff.ts';
export type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  ListOptions,
  Selection,
  WatchOptions,
  WriteOptions,
} from './client/call-options.ts';
export { KubeClient, type KubeClientOptions } from './client/kube-client.ts';
export type { ListPage } from './client/list-page.ts';
export { defineResource, type KubeObject, type Resource } from './client/resource.ts';
export { resources } from './client/resources.ts';
export { sleep, systemClock, type Clock } from './clock.ts';
export {
  LeaderElection,
  type ElectionOptions,
  type Leadership,
} from './election/leader-election.ts';
export type { ElectionTiming } from './election/machine.ts';
export type { AggregationLimits, EventFact, EventSubject } from './events/event-aggregator.ts';
export { EventRecorder, type EventRecorderOptions } from './events/event-recorder.ts';
export type { InformerChange, InformerOptions } from './informer/informer-options.ts';
export { Informer } from './informer/informer.ts';
export type { IndexFunction } from './informer/object-store.ts';
export type { InformerProblem } from './informer/problem.ts';
export {
  ReachabilityProbe,
  type Reachability,
  type ReachabilityOptions,
} from './informer/reachability-probe.ts';
export { objectKey, parseObjectKey, type ObjectKey, type ObjectName } from './object-key.ts';
export {
  TerminalError,
  WorkQueue,
  type WorkOutcome,
  type WorkQueueOptions,
} from './queue/work-queue.ts';
export type { Connection } from './transport/connection.ts';
export {
  ApiError,
  ConfigurationError,
  ConnectionError,
  type StatusCause,
} from './transport/errors.ts';
export { inClusterConnection } from './transport/in-cluster.ts';
export { kubeconfigConnection, type KubeconfigOptions } from './transport/kubeconfig.ts';
export type { WatchEvent } from './watch/watch-event.ts';
