import type { BackoffPolicy, Random } from '../backoff.ts';
import type { Selection } from '../client/call-options.ts';
import type { KubeClient } from '../client/kube-client.ts';
import type { KubeObject, Resource } from '../client/resource.ts';
import type { ObjectKey } from '../object-key.ts';
import type { IndexFunction } from './object-store.ts';
import type { InformerProblem } from './problem.ts';
import type { ReachabilityProbe } from './reachability-probe.ts';

/** What became of an item. Items are replaced, never changed. */
export type InformerChange<P> =
  | {
      readonly kind: 'set';
      readonly key: ObjectKey;
      readonly item: P;
      readonly previous: P | undefined;
    }
  | { readonly kind: 'deleted'; readonly key: ObjectKey; readonly previous: P };

export interface InformerOptions<T extends KubeObject, P, I extends string> extends Selection {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  /**
   * What is kept of an object: plain data with the fields that are needed and no reference into the object, so
   * that the rest is forgotten. A change that leaves it as it was is none. Undefined leaves the object out.
   */
  readonly project: (object: T) => P | undefined;
  readonly indexes?: Readonly<Record<I, IndexFunction<P>>> | undefined;
  /** Called for each change, in the order of the server. */
  readonly onChange?: ((change: InformerChange<P>) => void) | undefined;
  /** Called each time everything has been read: the first time, and after the view was lost. */
  readonly onSynced?: (() => void) | undefined;
  readonly onProblem?: ((problem: InformerProblem) => void) | undefined;
  /** Shared by all informers of the client; without it a view counts as fresh only when something is heard. */
  readonly probe?: ReachabilityProbe | undefined;
  readonly random: Random;
  /**
   * A watch is dead after so long without a byte. Default 90 000: the API server sends a bookmark each minute.
   */
  readonly silenceMs?: number | undefined;
  /** Default: 200 ms doubling to 30 s, half of it by chance. */
  readonly backoff?: BackoffPolicy | undefined;
}
