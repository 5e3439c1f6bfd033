import { systemClock, type Clock } from '../clock.ts';
import { objectKey, type ObjectName } from '../object-key.ts';
import type { Connection } from '../transport/connection.ts';
import {
  apiErrorOf,
  ApiError,
  ConnectionError,
  parseRetryAfter,
  type RequestLine,
} from '../transport/errors.ts';
import { HttpTransport } from '../transport/http-transport.ts';
import type { ApiRequest, ApiResponse, Transport } from '../transport/transport.ts';
import { WatchDecoder } from '../watch/watch-decoder.ts';
import type { WatchEvent } from '../watch/watch-event.ts';
import type {
  ApplyOptions,
  CallOptions,
  DeleteOptions,
  ListOptions,
  WatchOptions,
  WriteOptions,
} from './call-options.ts';
import { readList, type ListPage } from './list-page.ts';
import { apiVersionOf, resourcePath, type KubeObject, type Resource } from './resource.ts';

export interface KubeClientOptions {
  /** Owner of the fields that it writes. */
  readonly fieldManager: string;
  readonly clock?: Clock | undefined;
}

const defaultTimeoutMs = 30_000;
const defaultPageSize = 500;
const maximumErrorBytes = 64 * 1024;

/**
 * The calls of the API server that Fairlead makes, one request each. It holds nothing back (no client-side
 * rate limit) and repeats nothing: callers work level by level and know when to come again.
 *
 * All calls throw `ApiError` where the server refuses, `ConnectionError` where it does not answer.
 */
export class KubeClient implements Disposable {
  readonly clock: Clock;
  readonly #transport: Transport;
  readonly #fieldManager: string;

  constructor(transport: Transport, { fieldManager, clock = systemClock }: KubeClientOptions) {
    this.#transport = transport;
    this.#fieldManager = fieldManager;
    this.clock = clock;
  }

  static connect(connection: Connection, options: KubeClientOptions): KubeClient {
    return new KubeClient(new HttpTransport(connection, options.clock ?? systemClock), options);
  }

  /** Where the API server is, for people: a URL. */
  get server(): string {
    return this.#transport.server;
  }

  async get<T extends KubeObject>(
    resource: Resource<T>,
    name: ObjectName,
    options: CallOptions = {},
  ): Promise<T> {
    return (await this.#call('GET', resourcePath(resource, name), options)) as T;
  }

  /** Undefined where there is none. */
  async find<T extends KubeObject>(
    resource: Resource<T>,
    name: ObjectName,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    try {
      return await this.get(resource, name, options);
    } catch (error) {
      if (error instanceof ApiError && error.notFound) return undefined;
      throw error;
    }
  }

  /** One page. Throws an `ApiError` with `expired` where the pages before are too long ago. */
  async listPage<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions = {},
    continueToken?: string,
  ): Promise<ListPage<T>> {
    const { namespace, labelSelector, fieldSelector, limit = defaultPageSize } = options;
    const query = { labelSelector, fieldSelector, limit, continue: continueToken };
    const path = resourcePath(resource, { namespace }, query);
    const value = await this.#call('GET', path, options);
    const page = readList<T>(value);
    if (page === undefined) {
      throw new ConnectionError({ method: 'GET', path }, 'the answer is no list');
    }
    return page;
  }

  /** All objects, page by page, as they were when the first page was read. */
  async *list<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions = {},
  ): AsyncGenerator<ListPage<T>, void, undefined> {
    let token: string | undefined;
    do {
      const page = await this.listPage(resource, options, token);
      yield page;
      token = page.continueToken;
    } while (token !== undefined);
  }

  /** Tells changes until one side ends it. Throws `ProtocolError` where the stream is not what it should be. */
  async *watch<T extends KubeObject>(
    resource: Resource<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = options;
    const initial = options.sendInitialEvents ?? false;
    const path = resourcePath(
      resource,
      { namespace },
      {
        watch: true,
        allowWatchBookmarks: true,
        labelSelector,
        fieldSelector,
        timeoutSeconds,
        ...(initial
          ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', resourceVersion: '' }
          : { resourceVersion }),
      },
    );
    const { silenceMs, signal, onOpen } = options;
    const askedMs = this.clock.nowMs();
    const request: ApiRequest = { method: 'GET', path, silenceMs, signal, longRunning: true };
    using response = await this.#transport.send(request);
    if (response.status !== 200) throw await this.#refusal(request, response);
    onOpen?.(askedMs);
    const decoder = new WatchDecoder<T>();
    for await (const chunk of response.body) yield* decoder.push(chunk);
    if (decoder.pending > 0) {
      throw new ConnectionError(request, `ended within a line, after ${decoder.pending} bytes`);
    }
  }

  /** Fields of identity are taken from the object. */
  async create<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const namespace = object.metadata?.namespace;
    const fieldManager = options.fieldManager ?? this.#fieldManager;
    const path = resourcePath(resource, { namespace }, { fieldManager });
    return (await this.#call('POST', path, options, typed(resource, object))) as T;
  }

  /** Writes the whole object; a conflict where its resourceVersion is no longer that of the server. */
  async replace<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: WriteOptions = {},
  ): Promise<T> {
    const path = this.#writePath(resource, nameOf(object), options);
    return (await this.#call('PUT', path, options, typed(resource, object))) as T;
  }

  /** RFC 7396: null removes a field, lists are replaced as a whole. */
  async mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    name: ObjectName,
    patch: unknown,
    options: WriteOptions = {},
  ): Promise<T> {
    const path = this.#writePath(resource, name, options);
    return (await this.#call('PATCH', path, options, patch, 'application/merge-patch+json')) as T;
  }

  /** Server-side apply: makes the fields of `object` ours, and removes those that were ours and are not in it. */
  async apply<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: ApplyOptions = {},
  ): Promise<T> {
    const path = this.#writePath(resource, nameOf(object), options, {
      force: options.force ?? false,
    });
    const body = typed(resource, object);
    return (await this.#call('PATCH', path, options, body, 'application/apply-patch+yaml')) as T;
  }

  /** @returns whether there was one */
  async delete(
    resource: Resource<KubeObject>,
    name: ObjectName,
    options: DeleteOptions = {},
  ): Promise<boolean> {
    const { uid } = options;
    const body = uid === undefined ? undefined : { preconditions: { uid } };
    try {
      await this.#call('DELETE', resourcePath(resource, name), options, body);
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.notFound) return false;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    if (Symbol.dispose in this.#transport) (this.#transport as Disposable)[Symbol.dispose]();
  }

  #writePath(
    resource: Resource<KubeObject>,
    name: ObjectName,
    { subresource, fieldManager = this.#fieldManager }: WriteOptions,
    query: Readonly<Record<string, boolean>> = {},
  ): string {
    return resourcePath(resource, { ...name, subresource }, { fieldManager, ...query });
  }

  async #call(
    method: ApiRequest['method'],
    path: string,
    { signal, timeoutMs = defaultTimeoutMs }: CallOptions,
    body?: unknown,
    contentType?: string,
  ): Promise<unknown> {
    const request = { method, path, body, contentType, silenceMs: timeoutMs, signal };
    using response = await this.#transport.send(request);
    if (response.status < 200 || response.status > 299)
      throw await this.#refusal(request, response);
    const text = await readText(response, Infinity);
    try {
      return JSON.parse(text) as unknown;
    } catch {
      // The parser's message quotes the text, which may be a Secret.
      throw new ConnectionError(request, `the answer of ${text.length} characters is no JSON`);
    }
  }

  async #refusal(request: RequestLine, response: ApiResponse): Promise<ApiError> {
    const retryAfterMs = parseRetryAfter(response.header('retry-after'), this.clock.date());
    const body = await readText(response, maximumErrorBytes);
    return apiErrorOf(request, response.status, body, retryAfterMs);
  }
}

async function readText(response: ApiResponse, maximumBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maximumBytes) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Objects in lists and many that are written by hand lack both. */
function typed<T extends KubeObject>(resource: Resource<T>, object: T): T {
  return { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
}

function nameOf({ kind, metadata }: KubeObject): ObjectName {
  const name = metadata?.name;
  if (name === undefined || name === '') {
    throw new RangeError(
      `${kind ?? 'object'} ${objectKey({ namespace: metadata?.namespace, name: '?' })} has no name`,
    );
  }
  return { namespace: metadata?.namespace, name };
}
