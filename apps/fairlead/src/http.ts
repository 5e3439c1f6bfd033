import { createServer, type IncomingMessage, type Server } from 'node:http';
import { rmSync } from 'node:fs';
import { OperatorError } from './operator-error.ts';

/** What a path answers. */
export interface Reply {
  readonly status: number;
  readonly type: 'application/json' | 'text/plain; version=0.0.4';
  readonly body: string;
}

/** An answer for people and for Prometheus. */
export function plainText(status: number, body: string): Reply {
  return { status, type: 'text/plain; version=0.0.4', body };
}

/** Keys are `METHOD /path`. */
export type Routes = Readonly<Record<string, (query: URLSearchParams) => Reply | Promise<Reply>>>;

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Serves until it is disposed of. Throws an OperatorError where the address cannot be had. */
export async function listen(
  address: { readonly socket: string } | ListenAddress,
  routes: Routes,
): Promise<AsyncDisposable> {
  const limits = { requestTimeout: 5000, headersTimeout: 5000 };
  const server = createServer(limits, (request, response) => {
    answer(request, routes).then(
      ({ status, type, body }) => response.writeHead(status, { 'content-type': type }).end(body),
      (error: unknown) => response.writeHead(500).end(`${String(error)}\n`),
    );
  });
  await bind(server, address);
  return {
    [Symbol.asyncDispose]: async () => {
      await new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      });
    },
  };
}

async function answer(request: IncomingMessage, routes: Routes): Promise<Reply> {
  const url = new URL(request.url ?? '/', 'http://agent');
  const route = routes[`${request.method} ${url.pathname}`];
  if (route !== undefined) return route(url.searchParams);
  const known = Object.keys(routes).join(', ');
  return plainText(404, `not found; there is: ${known}\n`);
}

async function bind(
  server: Server,
  address: { readonly socket: string } | ListenAddress,
): Promise<void> {
  // The lock of the state directory is ours, so a socket there is left over from a killed agent.
  if ('socket' in address) rmSync(address.socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = 'socket' in address ? address.socket : `${address.host}:${address.port}`;
      reject(
        new OperatorError(`cannot listen on ${where}: ${cause.message}. Is it in use?`, { cause }),
      );
    });
    if ('socket' in address) server.listen(address.socket, resolve);
    else server.listen(address.port, address.host, resolve);
  });
}
