/** What every call takes. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long the server may be silent. Default 30 000. */
  readonly timeoutMs?: number | undefined;
}

/** Which objects of a kind. */
export interface Selection {
  /** All namespaces where left out. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListOptions extends Selection, CallOptions {
  /** Objects of a page. Default 500. */
  readonly limit?: number | undefined;
}

export interface WatchOptions extends Selection {
  /** Tells what happened after this version. */
  readonly resourceVersion?: string | undefined;
  /** Tells the objects that are there first, and then a bookmark (KEP 3157, WatchList). */
  readonly sendInitialEvents?: boolean | undefined;
  /** When the server shall end the watch. */
  readonly timeoutSeconds?: number | undefined;
  /** The connection counts as dead after so long without a byte. */
  readonly silenceMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called when the server has agreed, with when it was asked (`Clock.nowMs`). */
  readonly onOpen?: ((askedMs: number) => void) | undefined;
}

export interface WriteOptions extends CallOptions {
  readonly subresource?: 'status' | undefined;
  /** Who changes the fields. Default that of the client. */
  readonly fieldManager?: string | undefined;
}

export interface ApplyOptions extends WriteOptions {
  /** Take fields that others own. Default false: then that is a conflict. */
  readonly force?: boolean | undefined;
}

export interface DeleteOptions extends CallOptions {
  /** Only the object with this uid; any other is a conflict. */
  readonly uid?: string | undefined;
}
