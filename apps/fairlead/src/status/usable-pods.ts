import { portBackends, type LoadBalancerService } from '@fairlead/cluster';
import { familyOf } from '@fairlead/ip';
import type { ServiceStatus } from './snapshot.ts';

/** By node. A pod counts once, however many ports and families of it are usable. */
export function usablePods(service: LoadBalancerService): ServiceStatus['pods'] {
  const counts = new Map<string, number>();
  const families = new Set(service.endpoints.map(({ address }) => familyOf(address)));
  const perFamily = Array.from(families, (family) => {
    const pods = new Map(
      portBackends(service, family)
        .flatMap(({ backends }) => backends)
        .map(({ address, node }) => [address, node ?? '']),
    );
    return Object.entries(Object.groupBy(pods.values(), (node) => node));
  });
  for (const [node, pods = []] of perFamily.flat()) {
    counts.set(node, Math.max(counts.get(node) ?? 0, pods.length));
  }
  return Array.from(counts, ([node, count]) => ({ node, count })).sort((a, b) =>
    a.node < b.node ? -1 : 1,
  );
}
