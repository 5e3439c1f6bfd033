import type { Condition, NodeReportStatus } from '@fairlead/cluster';
import { defineResource, resources, type KubeObject, type Resource } from '@fairlead/kube';
import type { Node, Service } from 'kubernetes-types/core/v1.d.ts';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.d.ts';

/** An AddressPool as far as its status goes. */
export interface PoolObject extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

export interface NodeReportObject extends KubeObject {
  readonly status?: Partial<NodeReportStatus>;
}

/** All objects that the status of a cluster is made of, as the API server has them. */
export interface ClusterObjects {
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  readonly nodes: readonly Node[];
  readonly pools: readonly PoolObject[];
  readonly announcements: readonly KubeObject[];
  readonly reports: readonly NodeReportObject[];
}

function ownResource<T extends KubeObject>(kind: string, plural: string): Resource<T> {
  return defineResource<T>({
    group: 'fairlead.dev',
    version: 'v1alpha1',
    kind,
    plural,
    namespaced: false,
  });
}

/** Where they are. */
export const clusterResources = {
  services: resources.services,
  endpointSlices: resources.endpointSlices,
  nodes: resources.nodes,
  pools: ownResource<PoolObject>('AddressPool', 'addresspools'),
  announcements: ownResource<KubeObject>('Announcement', 'announcements'),
  reports: ownResource<NodeReportObject>('NodeReport', 'nodereports'),
} as const satisfies {
  readonly [K in keyof ClusterObjects]: Resource<ClusterObjects[K][number]>;
};
