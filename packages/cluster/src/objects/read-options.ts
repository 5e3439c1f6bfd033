/** Which Services are ours. */
export interface ServiceOptions {
  /** Leave Services without a `loadBalancerClass` to somebody else. */
  readonly requireClass?: boolean;
}

/** Who reads an API server. An agent reads less, so that it is not woken by what it does not need. */
export type Reader = 'agent' | 'controller';

/** How objects are read. */
export interface ReadOptions extends ServiceOptions {
  /** Undefined for a standalone file: the statuses of Services count for nothing there. */
  readonly reader?: Reader | undefined;
}
