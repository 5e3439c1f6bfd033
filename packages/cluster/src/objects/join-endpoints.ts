import type { Endpoint } from '../state.ts';
import type { SliceEndpoints } from './endpoint-slice.ts';

/**
 * The endpoints of a Service in order of address. Several may have one address: a pod that moves between slices
 * is in two of them, and pods in the node's network share its address. Each port counts once, in its best condition.
 */
export function mergeSlices(slices: readonly SliceEndpoints[]): Endpoint[] {
  const endpoints = slices
    .toSorted((a, b) => compareText(a.name, b.name))
    .flatMap((slice) => slice.endpoints)
    .sort((a, b) => compareText(a.address, b.address) || rank(b) - rank(a));
  const known = new Set<string>();
  const merged: Endpoint[] = [];
  for (const endpoint of endpoints) {
    const ports = endpoint.ports.filter(({ name, protocol, port }) => {
      const before = known.size;
      return known.add(`${endpoint.address} ${protocol} ${port} ${name}`).size > before;
    });
    if (ports.length === endpoint.ports.length) merged.push(endpoint);
    else if (ports.length > 0) merged.push({ ...endpoint, ports });
  }
  return merged;
}

function rank({ ready, serving, terminating }: Endpoint): number {
  return (ready ? 4 : 0) + (serving ? 2 : 0) + (terminating ? 0 : 1);
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
