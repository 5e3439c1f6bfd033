import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterState, LoadBalancerService, NodeName, SourceUpdate } from '@fairlead/cluster';
import type { IpAddress } from '@fairlead/ip';
import { published, service } from '../../testing/sample-service.ts';
import { concernsAddresses } from './concerns-addresses.ts';

const given = published({ addresses: ['192.0.2.1' as IpAddress] });
const web = service('web', { published: given });
const state: ClusterState = {
  clusterId: 'c',
  nodes: [],
  services: [web],
  pools: [],
  announcements: [],
  problems: [],
};
const before: SourceUpdate = { state, keys: [], problems: [] };

/** Of which no status was read at all. */
function bare(name: string): LoadBalancerService {
  const { published: _, ...rest } = service(name);
  return rest;
}

const updateWith = (changes: Partial<ClusterState>): SourceUpdate => ({
  ...before,
  state: { ...state, ...changes },
});

test('a Service without an address that comes, changes or goes does not', () => {
  const early = updateWith({ services: [web, bare('new')] });
  assert.equal(concernsAddresses(before, early), false);
  const changed = updateWith({
    services: [web, service('new')],
  });
  assert.equal(concernsAddresses(early, changed), false);
  assert.equal(concernsAddresses(changed, before), false);
});

test('a Service that gets, has or loses an address does', () => {
  const early = updateWith({ services: [web, bare('new')] });
  const served = updateWith({ services: [web, service('new', { published: given })] });
  assert.equal(concernsAddresses(early, served), true);
  assert.equal(concernsAddresses(served, early), true);
  assert.equal(
    concernsAddresses(before, updateWith({ services: [service('web', { published: given })] })),
    true,
  );
});

test('whatever else changes does, with such a Service or alone', () => {
  const node = { name: 'a' as NodeName, labels: {}, addresses: [], ready: true, excluded: false };
  const services = [web, bare('new')];
  assert.equal(concernsAddresses(before, updateWith({ nodes: [node], services })), true);
  assert.equal(concernsAddresses(before, updateWith({ namespaces: [] })), true);
  const problem = { object: 'KubernetesAPI/x', field: '', value: '', message: 'gone' };
  assert.equal(concernsAddresses(before, { ...before, problems: [problem] }), true);
  assert.equal(concernsAddresses({ ...before, state: undefined }, before), true);
});
