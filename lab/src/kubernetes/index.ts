export { endpointSlicesOf } from '../cluster/endpoint-slices.ts';
export { kubernetesBinaries, type KubernetesBinaries } from './binaries.ts';
export type { CertificateFiles } from './certificates.ts';
export {
  KubernetesCluster,
  type KubernetesClusterOptions,
  type KubernetesServiceOptions,
} from './cluster/kubernetes-cluster.ts';
export { fairleadKinds, type FairleadObject } from './cluster/kinds.ts';
export { ThisNamespace, type KubernetesHost } from './control-plane-host.ts';
export type { ControlPlaneOptions } from './control-plane-setup.ts';
export { KubernetesControlPlane, type KubectlOptions } from './control-plane.ts';
export { FaultProxy, type ProxyListen } from './fault-proxy/fault-proxy.ts';
export type { RefusalRule, SeenRequest } from './fault-proxy/faults.ts';
export type { ControlPlanePorts, ProxyMode } from './flags.ts';
export { startKubeProxy, type KubeProxyOptions } from './kube-proxy.ts';
export {
  madeName,
  startServiceMaker,
  type MadeService,
  type PublishedService,
  type ServiceMakerOptions,
} from './made-service.ts';
export {
  nodeObject,
  podObject,
  podStatus,
  serviceObject,
  type NodeSettings,
  type PodSettings,
  type ServiceSettings,
} from './objects.ts';
export { serviceAccountKubeconfig, type ServiceAccountUse } from './service-account.ts';
export type { TokenUser } from './token-user.ts';
