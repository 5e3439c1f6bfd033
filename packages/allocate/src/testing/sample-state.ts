import assert from 'node:assert/strict';
import { parseAddress, parseRange, type IpAddress } from '@fairlead/ip';
import type {
  AddressPool,
  Allocations,
  ClusterNode,
  ClusterState,
  LoadBalancerService,
  NodeName,
} from '@fairlead/cluster';

/** An address that is one. */
export function ip(text: string): IpAddress {
  const address = parseAddress(text);
  assert.ok(address !== undefined, text);
  return address;
}

/** A pool of networks and ranges. */
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
  return {
    name,
    ranges,
    autoAssign: true,
    priority: undefined,
    namespaces: [],
    namespaceSelector: undefined,
    serviceSelector: undefined,
    skipEdges: false,
    ...more,
  };
}

/** A node with these addresses. */
export function node(name: string, ...addresses: readonly string[]): ClusterNode {
  return {
    name: name as NodeName,
    labels: {},
    addresses: addresses.map(ip),
    ready: true,
    excluded: false,
  };
}

/** A state that nobody can change. */
export function stateOf(
  pools: readonly AddressPool[],
  services: readonly LoadBalancerService[],
  more: Partial<ClusterState> = {},
): ClusterState {
  const state = { clusterId: 'test', nodes: [], services, pools, announcements: [], problems: [] };
  return deepFreeze({ ...state, ...more });
}

/** The addresses by the name of the Service, without the namespace where that is `default`. */
export function addressesIn(allocations: Allocations): Record<string, readonly string[]> {
  const entries = [...allocations].map(
    ([key, { addresses }]) =>
      [key.replace(/^default\//u, ''), addresses.map(({ address }) => address)] as const,
  );
  return Object.fromEntries(entries);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) deepFreeze(part);
  }
  return value;
}
