import type { ClusterState, Problem } from '../state.ts';
import { compareText, joinEndpoints } from './join-endpoints.ts';
import { doubleNodeAddresses } from './node-conflicts.ts';
import { nodeAddressProblems, separatePools } from './pool-conflicts.ts';
import type { ClusterObject, ClusterObjectKind } from './read-object.ts';

/**
 * The state that the objects make together. The order in which they come does not matter, but for pools
 * that were made in the same moment: of those that overlap the first in the list keeps the addresses.
 */
export function assembleState(
  clusterId: string,
  objects: readonly ClusterObject[],
  problems: readonly Problem[],
): ClusterState {
  const inOrderOfCreation = objects.toSorted((a, b) => compareNumbers(a.createdMs, b.createdMs));
  const nodes = valuesOf(objects, 'Node').sort((a, b) => compareText(a.name, b.name));
  const { pools, problems: overlaps } = separatePools(valuesOf(inOrderOfCreation, 'AddressPool'));
  const services = objects
    .filter((object) => object.kind === 'Service')
    .sort(
      (a, b) => compareNumbers(a.createdMs, b.createdMs) || compareText(a.value.key, b.value.key),
    )
    .map(({ value }) => value);
  return {
    clusterId,
    nodes,
    services: joinEndpoints(services, valuesOf(objects, 'EndpointSlice')),
    pools,
    announcements: valuesOf(objects, 'Announcement').sort((a, b) => compareText(a.name, b.name)),
    namespaces: valuesOf(objects, 'Namespace').sort((a, b) => compareText(a.name, b.name)),
    problems: [
      ...problems,
      ...overlaps,
      ...nodeAddressProblems(pools, nodes),
      ...doubleNodeAddresses(nodes),
      ...unknownPools(objects),
    ],
  };
}

type ValueOf<K extends ClusterObjectKind> = (ClusterObject & { readonly kind: K })['value'];

function valuesOf<K extends ClusterObjectKind>(
  objects: readonly ClusterObject[],
  kind: K,
): ValueOf<K>[] {
  return objects.flatMap((object) => (object.kind === kind ? [object.value as ValueOf<K>] : []));
}

/** An announcement that names a pool which is not there selects nothing by it. */
function unknownPools(objects: readonly ClusterObject[]): Problem[] {
  const known = new Set(valuesOf(objects, 'AddressPool').map(({ name }) => name));
  return valuesOf(objects, 'Announcement').flatMap(({ name, pools }) =>
    pools.flatMap((pool, index) =>
      known.has(pool)
        ? []
        : [
            {
              object: `Announcement/${name}`,
              field: `spec.pools[${index}]`,
              value: pool,
              message: 'There is no AddressPool of this name. Correct it, or write the pool.',
            },
          ],
    ),
  );
}

/** Infinity means "unknown" here and equals itself. */
function compareNumbers(a: number, b: number): number {
  return a < b ? -1 : Number(a > b);
}
