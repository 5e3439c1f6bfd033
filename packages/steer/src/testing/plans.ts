import type { LoadBalancerService, ServicePort } from '@fairlead/cluster';
import { decideSteering } from '../decide.ts';
import type { Flow } from '../flow.ts';
import type { SteerPeer, SteerPlan, SteerSegment } from '../plan.ts';
import { address, allocated, cluster, endpoint, node, service } from './cluster.ts';
import type { Network } from './network.ts';

export const ourIpv4 = address('192.0.2.10');
export const ourIpv6 = address('2001:db8:1::10');

const ports: readonly ServicePort[] = [
  { name: 'web', protocol: 'TCP', port: 80 },
  { name: 'dns', protocol: 'UDP', port: 53 },
];

/**
 * The plan for one Service, TCP 80 and UDP 53 at both addresses.
 * @param pods how many pods a node has; those of '' have none
 */
export function planFor(
  self: string,
  pods: Readonly<Record<string, number>>,
  changes: Partial<LoadBalancerService> = {},
): SteerPlan {
  const names = Object.keys(pods).filter((name) => name !== '');
  const endpoints = Object.entries(pods).flatMap(([name, count], index) =>
    Array.from({ length: count }, (_, pod) => [
      endpoint(`10.244.${index}.${pod + 1}`, name === '' ? undefined : name, { ports }),
      endpoint(`fd00:244:${index}::${pod + 1}`, name === '' ? undefined : name, { ports }),
    ]).flat(),
  );
  const state = cluster([self, ...names], [service('web', endpoints, { ports, ...changes })]);
  return decideSteering(state, allocated({ web: [ourIpv4, ourIpv6] }), node(self), {
    landingNodes: new Set([self, ...names].map(node)),
  });
}

/** The switch as a host's segment with these peers, all live and known unless changed. */
export function segmentOf(
  network: Network,
  self: string,
  peers: Readonly<Record<string, Partial<SteerPeer>>>,
): SteerSegment {
  const { interfaceIndex, mac } = network.host(self);
  return {
    interfaceIndex,
    mac,
    peers: Object.entries(peers).map(([name, changes]) => {
      const peer: SteerPeer = { node: node(name), mac: network.host(name).mac, live: true };
      return Object.assign(peer, changes);
    }),
  };
}

/** What makes a flow to the web port one to the other. */
export const datagram = { protocol: 'UDP', destinationPort: 53 } as const;

/** A client's flows of each protocol and family, by what they are. */
export const clientFlows: Readonly<Record<string, Flow>> = {
  'TCP over IPv4': webFlow(40_000),
  'TCP over IPv6': webFlow6(40_000),
  'UDP over IPv4': webFlow(40_000, datagram),
  'UDP over IPv6': webFlow6(40_000, datagram),
};

/** A client's flow to the web port. */
export function webFlow(sourcePort: number, changes: Partial<Flow> = {}): Flow {
  return {
    protocol: 'TCP',
    source: address('203.0.113.10'),
    sourcePort,
    destination: ourIpv4,
    destinationPort: 80,
    ...changes,
  };
}

export function webFlow6(sourcePort: number, changes: Partial<Flow> = {}): Flow {
  const source = address('2001:db8:f::10');
  return webFlow(sourcePort, { source, destination: ourIpv6, ...changes });
}
