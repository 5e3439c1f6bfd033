import type { ObjectKey } from '../object-key.ts';

/** What goes wrong while an informer goes on. */
export type InformerProblem =
  /** The view is not followed at the moment; it is tried again after `retryMs`. */
  | {
      readonly kind: 'disconnected';
      readonly error: Error;
      /** In a row. */
      readonly failures: number;
      readonly retryMs: number;
    }
  /** The version we knew is no longer kept: everything is read again. */
  | { readonly kind: 'expired' }
  /** The server has no WatchList for this kind: its objects are listed. */
  | { readonly kind: 'watch-list-refused'; readonly error: Error }
  /** One object or event that cannot be used; all others are. */
  | { readonly kind: 'unreadable'; readonly key: ObjectKey | undefined; readonly error: Error }
  /** A callback that was passed in threw. */
  | { readonly kind: 'callback-failed'; readonly error: Error };
