/** One request to the API server. */
export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Absolute, with its query. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body; default application/json. */
  readonly contentType?: string | undefined;
  /** How long the server may take to begin its answer, and be silent within it. */
  readonly silenceMs: number;
  /** Goes on until one side ends it: gets a connection of its own and counts towards no limit. */
  readonly longRunning?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The answer, whatever its status. Who does not read the body to its end closes it. */
export interface ApiResponse extends Disposable {
  readonly status: number;
  header(name: string): string | undefined;
  /**
   * Can be read once.
   * @throws ConnectionError where the connection breaks or stays silent; the signal's reason where that aborts
   */
  readonly body: AsyncIterable<Uint8Array>;
}

/** Brings requests to the API server and its answers back. */
export interface Transport {
  /** Where the API server is, for people: a URL. */
  readonly server: string;
  /**
   * @throws ConnectionError where no answer came, ConfigurationError where the credentials cannot be had, the
   * signal's reason where that aborts
   */
  send(request: ApiRequest): Promise<ApiResponse>;
}
