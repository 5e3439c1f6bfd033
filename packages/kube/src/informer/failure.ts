import { ProtocolError } from '@fairlead/wire';
import { ApiError } from '../transport/errors.ts';

/** Why a view is not followed, as far as it matters for what to do next. */
export interface InformerFailure {
  readonly kind:
    | 'expired'
    /** The request itself is not to the server's liking. */
    | 'refused'
    /** What came cannot be trusted. */
    | 'garbled'
    | 'other';
  readonly error: Error;
  readonly retryAfterMs?: number | undefined;
}

/** A server that knows no WatchList took it for a watch, and ended that without saying that all was told. */
export class UnfinishedRead extends Error {}

export function failureOf(thrown: unknown): InformerFailure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof UnfinishedRead) return { kind: 'refused', error };
  if (error instanceof ProtocolError) return { kind: 'garbled', error };
  if (!(error instanceof ApiError)) return { kind: 'other', error };
  const { code, retryAfterMs } = error;
  if (error.expired) return { kind: 'expired', error, retryAfterMs };
  // 422: the feature is off; 400: a server that does not know the parameter.
  if (code === 400 || code === 422) return { kind: 'refused', error, retryAfterMs };
  return { kind: 'other', error, retryAfterMs };
}
