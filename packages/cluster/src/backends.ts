import { familyOf, type IpAddress, type IpFamily } from '@fairlead/ip';
import type { Endpoint, LoadBalancerService, NodeName, ServicePort } from './state.ts';

/** Where a connection to one port of a Service can go. */
export interface Backend {
  readonly address: IpAddress;
  /** The pod's port, which a named target port makes differ from pod to pod. */
  readonly port: number;
  /** Undefined where the endpoint names no node: only kube-proxy can reach it. */
  readonly node: NodeName | undefined;
}

/** One port of a Service with its backends of one family. */
export interface PortBackends {
  readonly port: ServicePort;
  readonly backends: readonly Backend[];
}

/**
 * The backends that new connections to this port may go to, in order of address: those of ready
 * endpoints; where there is none, those of endpoints that terminate but still serve (KEP-1669). Both
 * traffic policies use the same set, as steering reaches a pod wherever it is.
 */
export function usableBackends(
  service: LoadBalancerService,
  port: ServicePort,
  family: IpFamily,
): readonly Backend[] {
  const offered = service.endpoints.flatMap((endpoint) =>
    familyOf(endpoint.address) === family ? backendsOf(endpoint, port) : [],
  );
  const ready = offered.filter(({ endpoint }) => endpoint.ready);
  const usable =
    ready.length > 0
      ? ready
      : offered.filter(({ endpoint }) => endpoint.serving && endpoint.terminating);
  return usable
    .map(({ backend }) => backend)
    .toSorted((a, b) => compareText(a.address, b.address) || a.port - b.port);
}

/** Every port of a Service with its usable backends, in the order of the ports. */
export function portBackends(
  service: LoadBalancerService,
  family: IpFamily,
): readonly PortBackends[] {
  return service.ports.map((port) => ({ port, backends: usableBackends(service, port, family) }));
}

/** An endpoint's port belongs to a Service's port of the same name and protocol. */
function backendsOf(endpoint: Endpoint, port: ServicePort) {
  return endpoint.ports
    .filter(({ name, protocol }) => name === port.name && protocol === port.protocol)
    .map((target) => ({
      endpoint,
      backend: { address: endpoint.address, port: target.port, node: endpoint.node },
    }));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
