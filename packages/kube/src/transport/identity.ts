import { ConfigurationError } from './errors.ts';
import type { WatchedFile } from './watched-file.ts';

/** A client certificate and its key, PEM. */
export interface ClientCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** As whom to speak to the API server at this moment. */
export interface Identity {
  /** A bearer token. */
  readonly token?: string | undefined;
  readonly client?: ClientCertificate | undefined;
}

/** Where identities come from. */
export interface IdentitySource {
  /** @throws ConfigurationError where it cannot be had */
  current(signal?: AbortSignal): Promise<Identity>;
  /** The server refused this one (401). @returns whether asking again may give another */
  refused(identity: Identity): boolean;
}

/** Nobody, or somebody whose credentials stay. */
export function fixedIdentity(identity: Identity): IdentitySource {
  if (identity.token !== undefined) requireTokenText(identity.token, 'token');
  return { current: () => Promise.resolve(identity), refused: () => false };
}

/** What may come from a file instead. */
export interface IdentityFiles {
  readonly token?: WatchedFile | undefined;
  readonly certificate?: WatchedFile | undefined;
  readonly key?: WatchedFile | undefined;
}

/** Credentials of which some are in files that are read again when they change. */
export function fileIdentity(files: IdentityFiles, fixed: Identity): IdentitySource {
  const read = (): Identity => {
    const token = files.token?.read() ?? fixed.token;
    if (token !== undefined) requireTokenText(token, 'token file');
    const certificate = files.certificate?.read() ?? fixed.client?.certificate;
    const key = files.key?.read() ?? fixed.client?.key;
    if (certificate === undefined || key === undefined) return { token };
    return { token, client: { certificate, key } };
  };
  return {
    current: () => Promise.resolve(read()),
    refused: (identity) => {
      const now = read();
      return (
        now.token !== identity.token || now.client?.certificate !== identity.client?.certificate
      );
    },
  };
}

/**
 * Node's own error about a bad header would not name the cause.
 * @throws ConfigurationError without the token
 */
export function requireTokenText(token: string, what: string): void {
  if (token !== '' && /^[\u0021-\u007e]+$/u.test(token)) return;
  throw new ConfigurationError(
    `the ${what} is ${token === '' ? 'empty' : 'not a token: it has characters that no header may hold'}`,
  );
}
