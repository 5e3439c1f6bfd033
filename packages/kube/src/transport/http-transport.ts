import * as http from 'node:http';
import * as https from 'node:https';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { Connection } from './connection.ts';
import { ConnectionError } from './errors.ts';
import type { ClientCertificate, Identity } from './identity.ts';
import { responseBody } from './response-body.ts';
import type { ApiRequest, ApiResponse, Transport } from './transport.ts';

/** Parallel requests other than watches; more wait for one of these to end. */
const maximumSockets = 8;
/** Idle connections are closed before the API server (90 s) or a load balancer in front of it does. */
const idleMs = 25_000;
/** TCP asks so soon and then each second ten times: a peer that vanished is noticed after 15 s. */
const keepAliveProbeMs = 5_000;

interface Agents {
  /** What they were made with. */
  readonly authority: string | undefined;
  readonly client: ClientCertificate | undefined;
  /** Short requests share kept connections. */
  readonly requests: http.Agent;
  /** Each watch has a connection of its own. */
  readonly watches: http.Agent;
}

/** HTTP/1.1 through Node's own client. Its secrets are private fields: nothing prints them by accident. */
export class HttpTransport implements Transport, Disposable {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #basePath: string;
  #agents: Agents | undefined;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#basePath = connection.server.pathname.replace(/\/$/u, '');
  }

  get server(): string {
    return this.#connection.server.href.replace(/\/$/u, '');
  }

  async send(request: ApiRequest): Promise<ApiResponse> {
    const { identity: source } = this.#connection;
    const identity = await source.current(request.signal);
    const response = await this.#attempt(request, identity);
    if (response.status !== 401 || !source.refused(identity)) return response;
    response[Symbol.dispose]();
    return await this.#attempt(request, await source.current(request.signal));
  }

  async #attempt(request: ApiRequest, identity: Identity): Promise<ApiResponse> {
    try {
      return await this.#exchange(request, identity);
    } catch (error) {
      // The server closed a kept connection just when we used it: that says nothing about the server.
      const stale = error instanceof ConnectionError && error.cause instanceof StaleSocket;
      if (!stale || request.method !== 'GET') throw error;
      return await this.#exchange(request, identity);
    }
  }

  async #exchange(request: ApiRequest, identity: Identity): Promise<ApiResponse> {
    const { signal } = request;
    signal?.throwIfAborted();
    const sent = this.#open(request, identity);
    const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
    sent.once('response', resolve);
    sent.once('error', reject);
    // Errors after the answer began come through the body; none may be without a listener.
    sent.on('error', () => undefined);
    sent.once('socket', (socket) => {
      socket.setKeepAlive(true, keepAliveProbeMs);
      socket.setNoDelay(true);
    });
    const onAbort = (): void => void sent.destroy(signal?.reason as Error);
    signal?.addEventListener('abort', onAbort, { once: true });
    const stopListening = (): void => signal?.removeEventListener('abort', onAbort);
    let timedOut = false;
    const timer = this.#clock.schedule(request.silenceMs, () => {
      timedOut = true;
      sent.destroy();
    });
    try {
      const message = await promise;
      message.once('close', stopListening);
      return {
        status: message.statusCode ?? 0,
        header: (name) => singleHeader(message.headers[name]),
        body: responseBody(message, request, this.#clock),
        [Symbol.dispose]: () => void message.destroy(),
      };
    } catch (cause) {
      stopListening();
      signal?.throwIfAborted();
      if (timedOut) throw new ConnectionError(request, `no answer in ${request.silenceMs} ms`);
      if (sent.reusedSocket) {
        throw new ConnectionError(request, messageOf(cause), new StaleSocket('', { cause }));
      }
      throw new ConnectionError(request, messageOf(cause), cause);
    } finally {
      timer[Symbol.dispose]();
    }
  }

  #open(request: ApiRequest, identity: Identity): http.ClientRequest {
    const { server, socketPath } = this.#connection;
    const { method, contentType = 'application/json', body, longRunning = false } = request;
    const agents = this.#agentsFor(identity);
    const headers: http.OutgoingHttpHeaders = {
      accept: 'application/json',
      'user-agent': 'fairlead',
    };
    if (identity.token !== undefined) headers['authorization'] = `Bearer ${identity.token}`;
    let bytes: Buffer | undefined;
    if (body !== undefined) {
      bytes = Buffer.from(JSON.stringify(body));
      headers['content-type'] = contentType;
      headers['content-length'] = bytes.length;
    }
    const options: https.RequestOptions = {
      method,
      path: this.#basePath + request.path,
      headers,
      agent: longRunning ? agents.watches : agents.requests,
      host: server.hostname.replaceAll(/[[\]]/gu, ''),
      port: portOf(server),
      ...(socketPath === undefined ? {} : { socketPath }),
    };
    const sent = server.protocol === 'https:' ? https.request(options) : http.request(options);
    sent.end(bytes);
    return sent;
  }

  /** Other certificates need other agents; requests under way keep the old ones. */
  #agentsFor({ client }: Identity): Agents {
    const { server, certificateAuthority, insecure = false, serverName } = this.#connection;
    const authority =
      typeof certificateAuthority === 'object' ? certificateAuthority.read() : certificateAuthority;
    const present = this.#agents;
    if (present !== undefined) {
      const same = present.authority === authority && isSameClient(present.client, client);
      if (same) return present;
      closeKept(present.requests);
    }
    const secure: https.AgentOptions | undefined =
      server.protocol === 'https:'
        ? {
            rejectUnauthorized: !insecure,
            servername: serverName ?? serverNameOf(server),
            // Made once, as to read the hundreds of the system takes a tenth of a second.
            secureContext: createSecureContext({
              ca: authority ?? getCACertificates('system'),
              cert: client?.certificate,
              key: client?.key,
            }),
          }
        : undefined;
    const make = (options: http.AgentOptions): http.Agent =>
      secure === undefined ? new http.Agent(options) : new https.Agent({ ...secure, ...options });
    this.#agents = {
      authority,
      client,
      requests: make({ keepAlive: true, timeout: idleMs, maxSockets: maximumSockets }),
      watches: make({ keepAlive: false }),
    };
    return this.#agents;
  }

  /** Closes all connections, also those of requests under way. */
  [Symbol.dispose](): void {
    this.#agents?.requests.destroy();
    this.#agents?.watches.destroy();
    this.#agents = undefined;
  }
}

function isSameClient(
  one: ClientCertificate | undefined,
  other: ClientCertificate | undefined,
): boolean {
  return one?.certificate === other?.certificate && one?.key === other?.key;
}

/** What is in use now is closed when it has been idle for long enough. */
function closeKept(agent: http.Agent): void {
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
}

class StaleSocket extends Error {}

function portOf(server: URL): number {
  if (server.port !== '') return Number(server.port);
  return server.protocol === 'https:' ? 443 : 80;
}

/** RFC 6066 §3: no addresses in SNI; Node then checks the certificate against the address. */
function serverNameOf(server: URL): string {
  return /^[\d.]+$|^\[/u.test(server.hostname) ? '' : server.hostname;
}

function singleHeader(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // All addresses of a name failed: the message of the whole is empty.
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ');
  }
  return error.message;
}
