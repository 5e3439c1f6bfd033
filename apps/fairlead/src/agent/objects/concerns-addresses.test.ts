import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  ClusterState,
  LoadBalancerService,
  NodeName,
  PublishedStatus,
  ServiceKey,
  SourceUpdate,
} from '@fairlead/cluster';
import type { IpAddress } from '@fairlead/ip';
import { concernsAddresses } from './concerns-addresses.ts';

const published: PublishedStatus = {
  uid: 'u',
  addresses: ['192.0.2.1' as IpAddress],
  conditions: [],
};
const web = serviceOf('web', published);
const state: ClusterState = {
  clusterId: 'c',
  nodes: [],
  services: [web],
  pools: [],
  announcements: [],
  problems: [],
};
const before: SourceUpdate = { state, keys: [], problems: [] };

function serviceOf(name: string, status: PublishedStatus | undefined): LoadBalancerService {
  return {
    key: `default/${name}` as ServiceKey,
    namespace: 'default',
    name,
    labels: {},
    families: [4],
    familyPolicy: 'SingleStack',
    externalTrafficPolicy: 'Cluster',
    sourceRanges: [],
    requestedAddresses: [],
    requestedPool: undefined,
    shareKey: undefined,
    affinitySeconds: undefined,
    ports: [],
    endpoints: [],
    ...(status && { published: status }),
  };
}

const updateWith = (changes: Partial<ClusterState>): SourceUpdate => ({
  ...before,
  state: { ...state, ...changes },
});

test('a Service without an address that comes, changes or goes does not', () => {
  const early = updateWith({ services: [web, serviceOf('new', undefined)] });
  assert.equal(concernsAddresses(before, early), false);
  const changed = updateWith({
    services: [web, serviceOf('new', { ...published, addresses: [] })],
  });
  assert.equal(concernsAddresses(early, changed), false);
  assert.equal(concernsAddresses(changed, before), false);
});

test('a Service that gets, has or loses an address does', () => {
  const early = updateWith({ services: [web, serviceOf('new', undefined)] });
  const given = updateWith({ services: [web, serviceOf('new', published)] });
  assert.equal(concernsAddresses(early, given), true);
  assert.equal(concernsAddresses(given, early), true);
  assert.equal(
    concernsAddresses(before, updateWith({ services: [serviceOf('web', published)] })),
    true,
  );
});

test('whatever else changes does, with such a Service or alone', () => {
  const node = { name: 'a' as NodeName, labels: {}, addresses: [], ready: true, excluded: false };
  const services = [web, serviceOf('new', undefined)];
  assert.equal(concernsAddresses(before, updateWith({ nodes: [node], services })), true);
  assert.equal(concernsAddresses(before, updateWith({ namespaces: [] })), true);
  const problem = { object: 'KubernetesAPI/x', field: '', value: '', message: 'gone' };
  assert.equal(concernsAddresses(before, { ...before, problems: [problem] }), true);
  assert.equal(concernsAddresses({ ...before, state: undefined }, before), true);
});
