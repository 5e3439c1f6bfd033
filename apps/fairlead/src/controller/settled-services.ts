import type {
  AllocatedAddress,
  ClusterState,
  LoadBalancerService,
  PublishedStatus,
} from '@fairlead/cluster';

/** All that the findings of a Service without problems follow from, beside the cluster as a whole. */
interface Basis {
  readonly status: PublishedStatus;
  readonly addresses: readonly AllocatedAddress[];
}

/**
 * Services whose status said all there was to say the last time: while nothing has changed that it follows from,
 * it need not be put into words again only to be compared. Of 10 000 Services that is most of a round.
 */
export class SettledServices {
  #cluster: readonly unknown[] = [];
  #settled = new WeakMap<LoadBalancerService, Basis>();

  /** To be told the state of each round first. */
  begin({ nodes, announcements, pools }: ClusterState): void {
    const cluster = [nodes, announcements, pools];
    if (cluster.some((part, index) => part !== this.#cluster[index])) this.#settled = new WeakMap();
    this.#cluster = cluster;
  }

  has(
    service: LoadBalancerService,
    status: PublishedStatus,
    addresses: readonly AllocatedAddress[],
  ): boolean {
    const basis = this.#settled.get(service);
    return (
      basis?.status === status &&
      basis.addresses.length === addresses.length &&
      basis.addresses.every(({ address, pool }, index) => {
        return address === addresses[index]?.address && pool === addresses[index].pool;
      })
    );
  }

  add(
    service: LoadBalancerService,
    status: PublishedStatus,
    addresses: readonly AllocatedAddress[],
  ): void {
    this.#settled.set(service, { status, addresses });
  }
}
