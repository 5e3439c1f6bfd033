import type { Status } from 'kubernetes-types/meta/v1.d.ts';

/** Which request an error is about. */
export interface RequestLine {
  readonly method: string;
  readonly path: string;
}

/** Without its query: continue tokens are long and say nothing. */
function describe({ method, path }: RequestLine): string {
  const [bare = path] = path.split('?', 1);
  return `${method} ${bare}`;
}

/** The API server could not be reached, did not answer in time, or the connection broke within the answer. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';

  constructor(request: RequestLine, what: string, cause?: unknown) {
    super(`${describe(request)}: ${what}`, { cause });
  }
}

/** A kubeconfig, a credential file or plugin is not as it should be. The message never holds a credential. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** One field that the API server found wrong. */
export interface StatusCause {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

/** A proxy in between may ask for years, or have a clock that is wrong. */
const maximumRetryAfterMs = 300_000;

/** The API server answered with something else than success. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** The HTTP status, or that of a Status object within a watch. */
  readonly code: number;
  /** Machine-readable, as in `metav1.StatusReason`: `NotFound`, `Conflict`, `Expired` …; empty where the answer was no Status. */
  readonly reason: string;
  /** How long the server asks us to stay away, 5 minutes at most. */
  readonly retryAfterMs: number | undefined;
  readonly causes: readonly StatusCause[];

  constructor(
    request: RequestLine,
    code: number,
    status: Partial<Status>,
    retryAfterMs: number | undefined,
  ) {
    const reason = status.reason ?? '';
    const says = status.message ?? '';
    super(`${describe(request)}: ${[code, reason].join(' ').trimEnd()}${says && `: ${says}`}`);
    this.code = code;
    this.reason = reason;
    const seconds = status.details?.retryAfterSeconds;
    const askedMs = retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000);
    this.retryAfterMs = askedMs === undefined ? undefined : Math.min(askedMs, maximumRetryAfterMs);
    this.causes = (status.details?.causes ?? []).map((cause) => ({
      reason: cause.reason ?? '',
      field: cause.field ?? '',
      message: cause.message ?? '',
    }));
  }

  get notFound(): boolean {
    return this.code === 404;
  }

  /** Somebody else changed the object, or (server-side apply) owns a field. */
  get conflict(): boolean {
    return this.code === 409 && this.reason !== 'AlreadyExists';
  }

  get alreadyExists(): boolean {
    return this.code === 409 && this.reason === 'AlreadyExists';
  }

  /** The version asked for is no longer kept. */
  get expired(): boolean {
    return this.code === 410 || this.reason === 'Expired' || this.reason === 'Gone';
  }
}

/** RFC 9110 §10.2.3: seconds or a date; the API server sends seconds. */
export function parseRetryAfter(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/u.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

const maximumMessageLength = 500;

/** The error that an answer other than success is. Its body is a Status, or what some proxy says. */
export function apiErrorOf(
  request: RequestLine,
  code: number,
  body: string,
  retryAfterMs: number | undefined,
): ApiError {
  return new ApiError(request, code, readStatus(body), retryAfterMs);
}

function readStatus(body: string): Partial<Status> {
  try {
    const value: unknown = JSON.parse(body);
    if (isStatus(value)) return value;
  } catch {
    // A proxy between us and the API server answered: its text is all there is.
  }
  const message = body.trim().slice(0, maximumMessageLength);
  return message === '' ? {} : { message };
}

/** Whether a parsed value is a `Status` of which every field that is read has its type. */
export function isStatus(value: unknown): value is Status {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  const { kind, reason, message, code, details } = value as Record<string, unknown>;
  return (
    kind === 'Status' &&
    (reason === undefined || typeof reason === 'string') &&
    (message === undefined || typeof message === 'string') &&
    (code === undefined || typeof code === 'number') &&
    (details === undefined || isDetails(details))
  );
}

function isDetails(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { retryAfterSeconds, causes } = value as Record<string, unknown>;
  return (
    (retryAfterSeconds === undefined || typeof retryAfterSeconds === 'number') &&
    (causes === undefined ||
      (Array.isArray(causes) &&
        causes.every((cause) => typeof cause === 'object' && cause !== null)))
  );
}
