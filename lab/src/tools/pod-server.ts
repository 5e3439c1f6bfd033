/**
 * Runs in a pod. On every `--port` it tells each TCP connection and each UDP packet whom the pod sees; on
 * every `--echo` it sends back what it gets.
 */
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { parseArgs } from 'node:util';
import type { PodAnswer } from '../measure/pod-answer.ts';
import { printLine } from './print-line.ts';

const { values } = parseArgs({
  options: {
    pod: { type: 'string', default: 'pod' },
    port: { type: 'string', multiple: true, default: [] },
    echo: { type: 'string', multiple: true, default: [] },
    /** Also print every request: proves that one arrived though its answer did not. */
    log: { type: 'boolean', default: false },
  },
});

function answer(protocol: 'tcp' | 'udp', client: string, clientPort: number): string {
  const seen: PodAnswer = { pod: values.pod, client, clientPort };
  if (values.log) printLine({ kind: 'request', protocol, ...seen });
  return `${JSON.stringify(seen)}\n`;
}

async function serveTcp(
  host: string,
  port: number,
  serve: (socket: Socket) => void,
): Promise<void> {
  const server = createServer((socket) => {
    // A client that resets or vanishes is nothing to a server.
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  server.listen({ host, port, ipv6Only: true, backlog: 1_024 });
  await once(server, 'listening');
}

async function serveUdp(
  host: string,
  port: number,
  reply: (message: Buffer, from: RemoteInfo) => string | Buffer,
): Promise<void> {
  const type = host === '::' ? 'udp6' : 'udp4';
  const socket = createSocket({ type, ipv6Only: type === 'udp6', recvBufferSize: 4 << 20 });
  socket.on('message', (message, from) => {
    // A lost answer is the client's to notice.
    socket.send(reply(message, from), from.port, from.address, () => undefined);
  });
  socket.bind(port, host);
  await once(socket, 'listening');
}

for (const host of ['0.0.0.0', '::']) {
  for (const port of values.port.map(Number)) {
    await serveTcp(host, port, (socket) => {
      socket.end(answer('tcp', socket.remoteAddress ?? '', socket.remotePort ?? 0));
    });
    await serveUdp(host, port, (_, from) => answer('udp', from.address, from.port));
  }
  for (const port of values.echo.map(Number)) {
    await serveTcp(host, port, (socket) => {
      socket.setNoDelay(true);
      socket.pipe(socket);
    });
    await serveUdp(host, port, (message) => message);
  }
}
printLine({ kind: 'ready' });
