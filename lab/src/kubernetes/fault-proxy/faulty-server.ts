import type * as http from 'node:http';
import * as https from 'node:https';
import * as net from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { RefusalRules, statusBody, type FaultCommand, type SeenRequest } from './faults.ts';

export interface FaultyServerOptions {
  /** The API server's. */
  readonly upstream: URL;
  readonly certificateAuthority: string;
  /** With which the proxy stands for the API server. */
  readonly certificate: string;
  readonly key: string;
}

type Exchange = { -readonly [K in keyof SeenRequest]: SeenRequest[K] };

const maximumSeen = 100_000;

/** Stands before an API server, passes on what comes, and does to it what it is told. */
export class FaultyServer {
  /** To listen with: it takes connections and hands them on or not. */
  readonly front: net.Server;
  readonly #upstream: URL;
  readonly #agent: https.Agent;
  readonly #server: https.Server;
  readonly #rules = new RefusalRules();
  readonly #raw = new Set<net.Socket>();
  readonly #open = new Set<Duplex>();
  readonly #frozen = new WeakSet<Duplex>();
  readonly #watches = new Set<http.ServerResponse>();
  #seen: Exchange[] = [];
  #delayMs = 0;
  #door: 'open' | 'cut' | 'silent' = 'open';

  constructor({ upstream, certificateAuthority, certificate, key }: FaultyServerOptions) {
    this.#upstream = upstream;
    this.#agent = new https.Agent({ keepAlive: true, ca: certificateAuthority });
    this.#server = https.createServer({ cert: certificate, key, keepAliveTimeout: 90_000 });
    this.#server.on('request', (request, response) => void this.#pass(request, response));
    this.#server.on('secureConnection', (socket: TLSSocket) => remember(this.#open, socket));
    // A client that hangs up within the handshake.
    this.#server.on('tlsClientError', () => undefined);
    this.front = net.createServer((socket) => this.#admit(socket));
  }

  command(command: FaultCommand): readonly SeenRequest[] | undefined {
    switch (command.verb) {
      case 'cut':
        this.#door = 'cut';
        for (const socket of this.#raw) reset(socket);
        return undefined;
      case 'freeze':
        for (const socket of this.#open) this.#freeze(socket);
        return undefined;
      case 'silence':
        this.#door = 'silent';
        for (const socket of this.#open) this.#freeze(socket);
        return undefined;
      case 'delay':
        this.#delayMs = command.ms;
        return undefined;
      case 'refuse':
        this.#rules.add(command.rule);
        return undefined;
      case 'garble':
        for (const watch of this.#watches) watch.write(command.text);
        return undefined;
      case 'restore':
        this.#door = 'open';
        this.#delayMs = 0;
        this.#rules.clear();
        return undefined;
      case 'requests': {
        const seen = this.#seen;
        this.#seen = [];
        return seen;
      }
      default:
        return command satisfies never;
    }
  }

  #admit(socket: net.Socket): void {
    remember(this.#raw, socket);
    socket.on('error', () => undefined);
    if (this.#door === 'cut') reset(socket);
    else if (this.#door === 'open') this.#server.emit('connection', socket);
  }

  #freeze(socket: Duplex): void {
    this.#frozen.add(socket);
    socket.pause();
  }

  async #pass(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/' } = request;
    const seen: Exchange = { method, path, status: undefined };
    if (this.#seen.length < maximumSeen) this.#seen.push(seen);
    if (this.#delayMs > 0) await pause(this.#delayMs);
    if (this.#frozen.has(request.socket)) return;
    const rule = this.#rules.take(method, path);
    if (rule !== undefined) {
      seen.status = rule.status;
      request.resume();
      const retryAfter = rule.retryAfterSeconds;
      response.writeHead(rule.status, {
        'content-type': 'application/json',
        ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
      });
      response.end(statusBody(rule));
      return;
    }
    const forwarded = https.request(
      this.#upstream,
      { method, path, headers: request.headers, agent: this.#agent },
      (answer) => {
        seen.status = answer.statusCode;
        void this.#answer(request, answer, response);
      },
    );
    // The API server is away: a client sees that as a broken connection.
    forwarded.on('error', () => {
      if (!this.#frozen.has(request.socket)) request.socket.destroy();
    });
    response.on('close', () => forwarded.destroy());
    request.pipe(forwarded);
  }

  async #answer(
    { socket, url = '' }: http.IncomingMessage,
    answer: http.IncomingMessage,
    response: http.ServerResponse,
  ): Promise<void> {
    const { statusCode = 502, headers } = answer;
    const isWatch = /[?&]watch=(?:true|1)(?:&|$)/u.test(url);
    let earlier = this.#later(() => {
      if (this.#frozen.has(socket)) return;
      response.writeHead(statusCode, headers);
      response.flushHeaders();
      if (isWatch) remember(this.#watches, response);
    });
    try {
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        if (this.#frozen.has(socket)) continue;
        const before = earlier;
        earlier = this.#later(async () => {
          // In order, also where the delay has become shorter meanwhile.
          await before;
          if (!this.#frozen.has(socket)) response.write(chunk);
        });
        if (this.#delayMs === 0) await earlier;
      }
      await earlier;
      if (!this.#frozen.has(socket)) response.end();
    } catch {
      // Upstream broke within the answer: so do we.
      await earlier;
      if (!this.#frozen.has(socket)) socket.destroy();
    }
  }

  async #later(action: () => void | Promise<void>): Promise<void> {
    if (this.#delayMs > 0) await pause(this.#delayMs);
    await action();
  }
}

function remember<S extends { once(event: 'close', listener: () => void): unknown }>(
  set: Set<S>,
  one: S,
): void {
  set.add(one);
  one.once('close', () => set.delete(one));
}

function reset(socket: net.Socket): void {
  // Unix sockets cannot be reset.
  if (socket.remoteAddress === undefined) socket.destroy();
  else socket.resetAndDestroy();
}
