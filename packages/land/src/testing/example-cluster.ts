import type {
  Allocations,
  ClusterState,
  Endpoint,
  LoadBalancerService,
  NodeName,
  ServiceKey,
  ServicePort,
} from '@fairlead/cluster';
import { parseAddress, parsePrefix, type IpAddress, type Prefix } from '@fairlead/ip';

import { decideLanding } from '../decide.ts';
import type { LandPlan } from '../plan.ts';

/** For the tests: brands and parsed values from plain text, and objects with little to say. */
export function address(text: string): IpAddress {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new Error(`not an address: ${text}`);
  return parsed;
}

export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (parsed === undefined) throw new Error(`not a prefix: ${text}`);
  return parsed;
}

export const self = 'node-1' as NodeName;
export const other = 'node-2' as NodeName;

export interface ExampleService {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly endpoints: readonly Endpoint[];
  readonly ports?: readonly ServicePort[];
  readonly sourceRanges?: readonly string[];
  readonly affinitySeconds?: number;
  readonly externalTrafficPolicy?: 'Cluster' | 'Local';
}

export const http: ServicePort = { name: 'http', protocol: 'TCP', port: 80 };

/** A ready pod that serves `http` at 8080 (or what is given). */
export function pod(text: string, changes: Partial<Endpoint> = {}): Endpoint {
  return {
    address: address(text),
    node: self,
    ready: true,
    serving: true,
    terminating: false,
    ports: [{ ...http, port: 8080 }],
    ...changes,
  };
}

export function exampleState(services: readonly ExampleService[]): ClusterState {
  return {
    clusterId: 'example',
    nodes: [],
    services: services.map(exampleService),
    pools: [],
    announcements: [],
    problems: [],
  };
}

export function exampleAllocations(services: readonly ExampleService[]): Allocations {
  return new Map(
    services.map(({ name, addresses }) => [
      keyOf(name),
      {
        addresses: addresses.map((text) => ({ address: address(text), pool: 'pool' })),
        problems: [],
      },
    ]),
  );
}

/** What `self` has to do for these Services. */
export function examplePlan(
  services: readonly ExampleService[],
  announcingInterfaces: readonly string[] = ['eth0'],
): LandPlan {
  const state = exampleState(services);
  return decideLanding(state, exampleAllocations(services), self, { announcingInterfaces });
}

function exampleService(service: ExampleService): LoadBalancerService {
  return {
    key: keyOf(service.name),
    namespace: 'default',
    name: service.name,
    labels: {},
    families: [4, 6],
    familyPolicy: 'PreferDualStack',
    ports: service.ports ?? [http],
    externalTrafficPolicy: service.externalTrafficPolicy ?? 'Cluster',
    affinitySeconds: service.affinitySeconds,
    sourceRanges: (service.sourceRanges ?? []).map(prefix),
    requestedAddresses: [],
    requestedPool: undefined,
    shareKey: undefined,
    endpoints: service.endpoints,
  };
}

function keyOf(name: string): ServiceKey {
  return `default/${name}` as ServiceKey;
}
