import type { IdentitySource } from './identity.ts';
import type { WatchedFile } from './watched-file.ts';

/** Where the API server is, how to know it, and as whom to speak. */
export interface Connection {
  /** http or https; a path is put before those of requests. */
  readonly server: URL;
  /** The namespace to use where none is named. */
  readonly namespace: string;
  readonly identity: IdentitySource;
  /** PEM of the certificates to trust; the system's where left out. */
  readonly certificateAuthority?: string | WatchedFile | undefined;
  /** Trust any certificate. */
  readonly insecure?: boolean | undefined;
  /** The name that the server's certificate must have, where it is not that of the URL. */
  readonly serverName?: string | undefined;
  /** A Unix socket to connect to instead of the URL's host and port. */
  readonly socketPath?: string | undefined;
}
