import type {
  AddressPool,
  Announcement,
  ClusterNode,
  ClusterState,
  NodeName,
  Problem,
} from '../state.ts';
import { JoinedServices } from './joined-services.ts';
import { doubleNodeAddresses } from './node-conflicts.ts';
import { byCreation, byId, OrderedObjects } from './ordered-objects.ts';
import { nodeAddressProblems, separatePools } from './pool-conflicts.ts';
import type { ClusterObject } from './read-object.ts';
import { remember } from './remember.ts';
import { unchanged } from './unchanged.ts';

type ObjectOf<K extends ClusterObject['kind']> = ClusterObject & { readonly kind: K };

/**
 * The objects of a cluster, joined into one state. What has not changed between two states is the same object
 * in both, and costs nothing: of 10 000 Services only the one that changed is joined anew.
 */
export class StateAssembly {
  readonly #services = new JoinedServices();
  readonly #unserved = new OrderedObjects<ObjectOf<'UnservedService'>>(byId);
  readonly #nodes = new OrderedObjects<ObjectOf<'Node'>>(byId);
  readonly #reports = new OrderedObjects<ObjectOf<'NodeReport'>>(byId);
  readonly #pools = new OrderedObjects<ObjectOf<'AddressPool'>>(byCreation);
  readonly #announcements = new OrderedObjects<ObjectOf<'Announcement'>>(byId);
  readonly #namespaces = new OrderedObjects<ObjectOf<'Namespace'>>(byId);

  /** Takes an object, or its newer version. */
  set(object: ClusterObject): void {
    switch (object.kind) {
      case 'AddressPool':
        return this.#pools.set(object);
      case 'Announcement':
        return this.#announcements.set(object);
      case 'Cluster':
        return;
      case 'EndpointSlice':
        return this.#services.setSlice(object);
      case 'Namespace':
        return this.#namespaces.set(object);
      case 'Node':
        return this.#nodes.set(object);
      case 'NodeReport':
        return this.#reports.set(object);
      case 'Service':
        this.#unserved.delete(object.id);
        return this.#services.setService(object);
      case 'UnservedService':
        this.#services.deleteService(object.id);
        return this.#unserved.set(object);
      default:
        object satisfies never;
    }
  }

  /** Forgets an object that was set. */
  delete({ kind, id }: Pick<ClusterObject, 'kind' | 'id'>): void {
    switch (kind) {
      case 'AddressPool':
        return this.#pools.delete(id);
      case 'Announcement':
        return this.#announcements.delete(id);
      case 'Cluster':
        return;
      case 'EndpointSlice':
        return this.#services.deleteSlice(id);
      case 'Namespace':
        return this.#namespaces.delete(id);
      case 'Node':
        return this.#nodes.delete(id);
      case 'NodeReport':
        return this.#reports.delete(id);
      case 'Service':
        return this.#services.deleteService(id);
      case 'UnservedService':
        return this.#unserved.delete(id);
      default:
        kind satisfies never;
    }
  }

  /** The state as it is now: the same object as last time where nothing has changed. */
  state(clusterId: string, problems: readonly Problem[]): ClusterState {
    const nodes = this.#joinReports(this.#nodes.values(), this.#reports.values());
    const { pools, problems: overlaps } = this.#separate(this.#pools.values());
    const announcements = this.#announcements.values();
    return this.#state(
      clusterId,
      nodes,
      this.#services.values(),
      this.#unserved.values(),
      pools,
      announcements,
      this.#namespaces.values(),
      this.#problems(problems, overlaps, pools, nodes, announcements),
    );
  }

  readonly #joinReports = remember(
    (nodes: readonly ClusterNode[], reports: readonly ObjectOf<'NodeReport'>['value'][]) => {
      const byNode = new Map(reports.map(({ node, report }) => [node, report] as const));
      const before = this.#joinedNodes;
      this.#joinedNodes = new Map(
        nodes.map((node) => {
          const report = byNode.get(node.name);
          const joined = report === undefined ? node : { ...node, report };
          return [node.name, unchanged(before.get(node.name), joined)] as const;
        }),
      );
      return [...this.#joinedNodes.values()];
    },
  );
  #joinedNodes: ReadonlyMap<NodeName, ClusterNode> = new Map();

  readonly #separate = remember((pools: readonly AddressPool[]) => {
    const separated = separatePools(pools);
    const before = this.#separatedPools;
    this.#separatedPools = new Map(
      separated.pools.map((pool) => [pool.name, unchanged(before.get(pool.name), pool)] as const),
    );
    return { ...separated, pools: [...this.#separatedPools.values()] };
  });
  #separatedPools: ReadonlyMap<string, AddressPool> = new Map();

  readonly #problems = remember(
    (
      own: readonly Problem[],
      overlaps: readonly Problem[],
      pools: readonly AddressPool[],
      nodes: readonly ClusterNode[],
      announcements: readonly Announcement[],
    ): readonly Problem[] => [
      ...own,
      ...overlaps,
      ...nodeAddressProblems(pools, nodes),
      ...doubleNodeAddresses(nodes),
      ...unknownPools(pools, announcements),
    ],
  );

  readonly #state = remember(
    (
      clusterId: string,
      nodes: ClusterState['nodes'],
      services: ClusterState['services'],
      unservedServices: NonNullable<ClusterState['unservedServices']>,
      pools: ClusterState['pools'],
      announcements: ClusterState['announcements'],
      namespaces: NonNullable<ClusterState['namespaces']>,
      problems: ClusterState['problems'],
    ): ClusterState => ({
      clusterId,
      nodes,
      services,
      ...(unservedServices.length === 0 ? {} : { unservedServices }),
      pools,
      announcements,
      namespaces,
      problems,
    }),
  );
}

/** An announcement that names a pool which is not there selects nothing by it. */
function unknownPools(
  pools: readonly AddressPool[],
  announcements: readonly Announcement[],
): Problem[] {
  const known = new Set(pools.map(({ name }) => name));
  return announcements.flatMap((announcement) =>
    announcement.pools.flatMap((pool, index) =>
      known.has(pool)
        ? []
        : [
            {
              object: `Announcement/${announcement.name}`,
              field: `spec.pools[${index}]`,
              value: pool,
              message: 'There is no AddressPool of this name. Correct it, or write the pool.',
            },
          ],
    ),
  );
}
