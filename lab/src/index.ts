export { blockMainThread } from './block-main-thread.ts';
export { CommandError, type CommandOptions, type CommandResult } from './command.ts';
export type { Fault } from './fault.ts';
export type { FrameMatch, LossShare } from './fault-rules.ts';
export type { Host, SpawnOptions } from './host.ts';
export { detachIngressPrograms, ingressPrograms, type IngressProgram } from './ingress-programs.ts';
export type { LabProcess, ProcessEnd } from './lab-process.ts';
export { Lab, type FilterOptions, type LabOptions, type NodeOptions } from './lab.ts';
export type { LogFile } from './log-file.ts';
export { lookAround } from './look-around.ts';
export {
  answersByPod,
  disguisedAttempts,
  longestGap,
  lostAttempts,
  type Attempt,
  type Gap,
} from './measure/attempts.ts';
export { NumberedFlow, type NumberedOptions, type NumberedResult } from './measure/numbered.ts';
export type { Answer, Claim, Observation } from './measure/observation.ts';
export {
  answersAfter,
  answersFor,
  durationMs,
  longestMs,
  longestSilence,
  longestUnasked,
  ownershipsOf,
  twoOwnerSpans,
  unansweredQuestions,
  type Ownership,
  type Span,
} from './measure/ownership.ts';
export type { PodAnswer } from './measure/pod-answer.ts';
export type { Recording } from './measure/recording.ts';
export type { LostRun, SequenceResult } from './measure/sequence-tally.ts';
export {
  startConnector,
  startMembers,
  startObserver,
  startPodServer,
  startWireTap,
  type ConnectorOptions,
  type MembersOptions,
  type ObserverOptions,
  type PodServerOptions,
} from './measure/start.ts';
export type { FrameMeaning, Sighting } from './measure/sighting.ts';
export { ECHO_PORT, Witness, type Evidence } from './measure/witness.ts';
export { monotonicMs } from './monotonic-clock.ts';
export type { Nic, NicOptions } from './nic.ts';
export type { Node, Pod, PodOptions } from './node.ts';
export type { HostOptions } from './plug-in.ts';
export { replaceNic } from './replace-nic.ts';
export { removeLab } from './removal.ts';
export type { Plugged, Switch, SwitchOptions } from './switch.ts';
export { waitFor, type WaitOptions } from './wait-for.ts';
export { AgentCluster } from './cluster/agent-cluster.ts';
export type { AgentStatus, StatusProblem } from './cluster/agent-status.ts';
export { addObserver } from './cluster/cluster-network.ts';
export {
  witnessedPorts,
  type PortOptions,
  type ServiceOptions,
} from './cluster/service-options.ts';
export type { ClusterFileContents } from './standalone/cluster-file.ts';
export { StandaloneCluster, type StandaloneOptions } from './standalone/standalone-cluster.ts';
export { ObservedCluster } from './standalone/observed-cluster.ts';
export { ThousandServices } from './standalone/thousand-services.ts';
export { ThreeNodes } from './standalone/three-nodes.ts';
