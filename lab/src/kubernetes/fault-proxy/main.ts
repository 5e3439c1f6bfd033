// A fault proxy as a program: takes its configuration as its one argument, is told what to do over a Unix socket.
import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FaultCommand } from './faults.ts';
import { FaultyServer } from './faulty-server.ts';
import type { FaultProxyConfiguration } from './fault-proxy.ts';

const configuration = JSON.parse(process.argv[2] ?? '') as FaultProxyConfiguration;
const read = (path: string): string => readFileSync(path, 'utf8');

const server = new FaultyServer({
  upstream: new URL(configuration.upstream),
  certificateAuthority: read(configuration.certificateAuthority),
  certificate: read(configuration.certificate),
  key: read(configuration.key),
});

const control = http.createServer((request, response) => {
  void (async () => {
    let text = '';
    for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
    try {
      response.end(JSON.stringify(server.command(JSON.parse(text) as FaultCommand) ?? null));
    } catch (error) {
      response.writeHead(400).end(String(error));
    }
  })();
});

const listening = (one: http.Server | FaultyServer['front'], where: object): Promise<void> =>
  new Promise((resolve, reject) => {
    one.once('error', reject).listen(where, resolve);
  });

await listening(control, { path: configuration.controlPath });
await listening(
  server.front,
  'path' in configuration.listen
    ? { path: configuration.listen.path }
    : { host: configuration.listen.address, port: configuration.listen.port },
);
const address = server.front.address() as AddressInfo | string;
console.log(`listening ${typeof address === 'string' ? 0 : address.port}`);
