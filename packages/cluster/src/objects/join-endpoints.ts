import type { Endpoint, ServicePort } from '../state.ts';
import type { SliceEndpoints } from './endpoint-slice.ts';

/**
 * The endpoints of a Service in order of address, each address once. While an endpoint moves between
 * slices it may be in two of them: the entry in the better condition counts, and among equal ones the
 * first by slice name, with the ports of both.
 */
export function mergeSlices(slices: readonly SliceEndpoints[]): Endpoint[] {
  const merged = new Map<string, Endpoint>();
  for (const slice of slices.toSorted((a, b) => compareText(a.name, b.name))) {
    for (const endpoint of slice.endpoints) {
      const present = merged.get(endpoint.address);
      merged.set(endpoint.address, present === undefined ? endpoint : better(present, endpoint));
    }
  }
  return [...merged.values()].sort((a, b) => compareText(a.address, b.address));
}

function better(present: Endpoint, other: Endpoint): Endpoint {
  const difference = rank(other) - rank(present);
  if (difference !== 0) return difference > 0 ? other : present;
  const added = other.ports.filter((port) => !present.ports.some((known) => samePort(known, port)));
  return added.length === 0 ? present : { ...present, ports: [...present.ports, ...added] };
}

function rank({ ready, serving, terminating }: Endpoint): number {
  return (ready ? 4 : 0) + (serving ? 2 : 0) + (terminating ? 0 : 1);
}

function samePort(a: ServicePort, b: ServicePort): boolean {
  return a.name === b.name && a.protocol === b.protocol && a.port === b.port;
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
