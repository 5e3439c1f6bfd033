import type { Lease } from 'kubernetes-types/coordination/v1.d.ts';
import type {
  Namespace,
  Node,
  Pod,
  Secret,
  Service,
  ServiceAccount,
} from 'kubernetes-types/core/v1.d.ts';
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.d.ts';
import type { Event } from 'kubernetes-types/events/v1.d.ts';
import { defineResource } from './resource.ts';

const core = { group: '', version: 'v1' } as const;

/** The built-in kinds that Fairlead reads or writes. */
export const resources = {
  endpointSlices: defineResource<EndpointSlice>({
    group: 'discovery.k8s.io',
    version: 'v1',
    kind: 'EndpointSlice',
    plural: 'endpointslices',
    namespaced: true,
  }),
  events: defineResource<Event>({
    group: 'events.k8s.io',
    version: 'v1',
    kind: 'Event',
    plural: 'events',
    namespaced: true,
  }),
  leases: defineResource<Lease>({
    group: 'coordination.k8s.io',
    version: 'v1',
    kind: 'Lease',
    plural: 'leases',
    namespaced: true,
  }),
  namespaces: defineResource<Namespace>({
    ...core,
    kind: 'Namespace',
    plural: 'namespaces',
    namespaced: false,
  }),
  nodes: defineResource<Node>({ ...core, kind: 'Node', plural: 'nodes', namespaced: false }),
  pods: defineResource<Pod>({ ...core, kind: 'Pod', plural: 'pods', namespaced: true }),
  secrets: defineResource<Secret>({ ...core, kind: 'Secret', plural: 'secrets', namespaced: true }),
  serviceAccounts: defineResource<ServiceAccount>({
    ...core,
    kind: 'ServiceAccount',
    plural: 'serviceaccounts',
    namespaced: true,
  }),
  services: defineResource<Service>({
    ...core,
    kind: 'Service',
    plural: 'services',
    namespaced: true,
  }),
} as const;
