import assert from 'node:assert/strict';
import type {
  AddressPool,
  ClusterNode,
  ClusterState,
  Condition,
  NodeName,
  Problem,
  PublishedStatus,
  ServiceKey,
  UnservedService,
} from '@fairlead/cluster';
import {
  parseAddress,
  parsePrefix,
  parseRange,
  type IpAddress,
  type MacAddress,
} from '@fairlead/ip';
import { published } from '../../testing/sample-service.ts';
import { decideRound, type RoundDecisions, type RoundInput } from '../decide.ts';

/** An address that is one. */
export function ip(text: string): IpAddress {
  const address = parseAddress(text);
  assert.ok(address !== undefined, text);
  return address;
}

export const now = new Date('2030-01-01T00:00:00Z');

/** A status as we write it. */
export function allocated(
  addresses: readonly string[],
  more: Partial<PublishedStatus> & {
    readonly reason?: string;
    readonly status?: Condition['status'];
  } = {},
): PublishedStatus {
  const { reason = 'Allocated', status = 'True', ...rest } = more;
  const condition: Condition = {
    type: 'fairlead.dev/Allocated',
    status,
    reason,
    message: 'before',
    lastTransitionTime: '2020-01-01T00:00:00Z',
  };
  return published({ addresses: addresses.map(ip), conditions: [condition], ...rest });
}

export function unserved(
  name: string,
  why: UnservedService['why'],
  status: PublishedStatus,
): UnservedService {
  return {
    key: `default/${name}` as ServiceKey,
    namespace: 'default',
    name,
    why,
    published: status,
  };
}

export function pool(
  name: string,
  addresses: readonly string[],
  more: Partial<AddressPool> = {},
): AddressPool {
  const ranges = addresses.map((text, index) => {
    const result = parseRange(text);
    assert.ok(result.ok, text);
    return { ...result.range, text, field: `spec.addresses[${index}]` };
  });
  const selectors = { namespaces: [], namespaceSelector: undefined, serviceSelector: undefined };
  return {
    name,
    ranges,
    autoAssign: true,
    priority: undefined,
    ...selectors,
    skipEdges: false,
    ...more,
  };
}

/** A node whose agent has reported one interface, `eth0`. */
export function node(
  name: string,
  address: string,
  more: { readonly ready?: boolean; readonly problems?: readonly Problem[] } = {},
): ClusterNode {
  const prefix = parsePrefix(address);
  assert.ok(prefix !== undefined, address);
  const eth0 = { name: 'eth0', mac: '02:00:00:00:00:01' as MacAddress, addresses: [prefix] };
  const { ready = true, problems = [] } = more;
  return {
    name: name as NodeName,
    labels: {},
    addresses: [],
    ready,
    excluded: false,
    report: { interfaces: [eth0], landing: true, problems },
  };
}

export function stateOf(more: Partial<ClusterState>): ClusterState {
  const empty = { nodes: [], services: [], pools: [], announcements: [], problems: [] };
  return { clusterId: 'test', ...empty, ...more };
}

export function decide(
  state: Partial<ClusterState>,
  more: Partial<RoundInput> = {},
): RoundDecisions {
  return decideRound({
    state: stateOf(state),
    unseen: new Map(),
    leaving: new Map(),
    cooling: new Map(),
    now,
    ...more,
  });
}

/** The state once everything that was decided has been written and seen. */
export function afterWriting(
  state: Partial<ClusterState>,
  decisions: RoundDecisions,
): Partial<ClusterState> {
  const written = <T extends { readonly key: ServiceKey }>(one: T): T => {
    const change = decisions.changes.get(one.key);
    return change === undefined ? one : { ...one, published: change.after };
  };
  return {
    ...state,
    services: (state.services ?? []).map(written),
    unservedServices: (state.unservedServices ?? []).map(written),
  };
}
