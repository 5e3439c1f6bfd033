import { ownResources, type Condition } from '@fairlead/cluster';
import { resources, type KubeObject, type Resource } from '@fairlead/kube';

/** Objects as the API server has them, by kind: all that the status of a cluster is made of. */
export const clusterResources = {
  Service: resources.services,
  EndpointSlice: resources.endpointSlices,
  Node: resources.nodes,
  AddressPool: ownResources.addressPools,
  Announcement: ownResources.announcements,
  NodeReport: ownResources.nodeReports,
} as const;

export type ClusterObjects = {
  readonly [K in keyof typeof clusterResources]: (typeof clusterResources)[K] extends Resource<
    infer T
  >
    ? readonly T[]
    : never;
};

/** What is read of an AddressPool's status. */
export interface PoolStatus {
  readonly conditions?: readonly Condition[];
}

export function nameOf({ metadata }: KubeObject): string {
  return metadata?.name ?? '';
}
