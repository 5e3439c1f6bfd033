import type { RequestFields } from './state.ts';

/** What a Service requests by an annotation, and under which names. */
export interface ServiceAnnotation {
  readonly request: keyof RequestFields;
  /** Our own name first, then those of MetalLB, which are honoured too; the first that is set counts. */
  readonly names: readonly [string, ...string[]];
  readonly meaning: string;
}

/** The annotations of a Service that we read. */
export const serviceAnnotations = [
  {
    request: 'addresses',
    names: [
      'fairlead.dev/addresses',
      'metallb.io/loadBalancerIPs',
      'metallb.universe.tf/loadBalancerIPs',
    ],
    meaning:
      'Requests these addresses, one of each family at most, separated by a comma. Each must lie in a pool that admits the Service.',
  },
  {
    request: 'pool',
    names: ['fairlead.dev/pool', 'metallb.io/address-pool', 'metallb.universe.tf/address-pool'],
    meaning: 'Requests addresses from this pool, even if its `autoAssign` is false.',
  },
  {
    request: 'shareKey',
    names: [
      'fairlead.dev/share-key',
      'metallb.io/allow-shared-ip',
      'metallb.universe.tf/allow-shared-ip',
    ],
    meaning:
      'Services with the same key share an address as long as no two of them use the same port and protocol.',
  },
] as const satisfies readonly ServiceAnnotation[];
