/**
 * Runs in a network namespace of a kernel test and does there what its parent asks for: serves as a pod,
 * asks as a client, keeps the land driver as a node.
 */
import type { IpAddress, MacAddress } from '@fairlead/ip';
import { listInterfaces, Nftables, PacketSocket, Poller } from '@fairlead/linux';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { LandDriver } from '../land-driver.ts';
import type { LandPlan } from '../plan.ts';
import { echoRequest, isEchoReply, sctpInit } from './frames.ts';

export interface Question {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** The client's own address and port, where they matter. */
  readonly from?: string;
  readonly fromPort?: number;
  /** Default 5 000. */
  readonly timeoutMs?: number;
}

interface Frame {
  readonly from: IpAddress;
  readonly to: IpAddress;
  /** The router's. */
  readonly gateway: MacAddress;
}

interface Echo extends Frame {
  /** The same one is the same flow to conntrack. */
  readonly identifier: number;
  readonly timeoutMs: number;
}

/** Who answered and whom it saw, or how it failed: `timeout`, `ECONNREFUSED` … */
export type Answer =
  | { readonly pod: string; readonly client: string; readonly clientPort: number }
  | { readonly error: string };

/** A neighbour may have to be found first, or a lost packet to be sent again. */
const defaultTimeoutMs = 5_000;

const connections = new Map<number, Socket>();
let driver: LandDriver | undefined;
const landDriver = (): LandDriver => (driver ??= new LandDriver(new Nftables()));

const commands = {
  /** On each port, TCP: says who is seen, then echoes. UDP: says who is seen. */
  async serve({ pod, ports }: { readonly pod: string; readonly ports: readonly number[] }) {
    for (const port of ports) {
      const server = createServer((socket) => {
        socket.on('error', () => socket.destroy());
        socket.write(seen(pod, socket.remoteAddress, socket.remotePort));
        socket.pipe(socket);
      });
      await once(server.listen({ port, host: '::' }), 'listening');
      for (const type of ['udp4', 'udp6'] as const) {
        const socket = createSocket({ type, ipv6Only: type === 'udp6' });
        socket.on('message', (_, { address, port }) => {
          socket.send(seen(pod, address, port), port, address);
        });
        socket.bind(port);
        await once(socket, 'listening');
      }
    }
  },
  async ask(question: Question): Promise<Answer> {
    return question.protocol === 'tcp' ? await askTcp(question) : await askUdp(question);
  },
  /** Opens a TCP connection and keeps it; its number. */
  async open(question: Question): Promise<number> {
    const socket = connectTo(question);
    await once(socket, 'data');
    // The first error ends the next command that waits for data.
    socket.on('error', () => undefined);
    connections.set(connections.size, socket);
    return connections.size - 1;
  },
  /** Sends on a kept connection: what comes back, or how it failed. */
  async say({ id, timeoutMs }: { readonly id: number; readonly timeoutMs: number }) {
    const socket = connections.get(id);
    if (socket === undefined) throw new Error(`no connection ${id}`);
    if (socket.errored !== null) return errorName(socket.errored);
    socket.write('hello');
    try {
      const [data] = (await once(socket, 'data', {
        signal: AbortSignal.timeout(timeoutMs),
      })) as [Buffer];
      return String(data).slice(0, 5);
    } catch (error) {
      return errorName(error);
    }
  },
  /** Sends UDP packets as fast as it can. */
  async flood({ address, port, packets }: { address: string; port: number; packets: number }) {
    const socket = createSocket('udp4');
    for (let sent = 0; sent < packets; sent += 50) {
      const burst = Array.from({ length: 50 }, async () => {
        const { promise, resolve } = Promise.withResolvers<void>();
        socket.send('flood', port, address, () => resolve());
        await promise;
      });
      await Promise.all(burst);
    }
    socket.close();
  },
  /** Whether an echo request to our address is answered within that time. */
  ping({ from, to, gateway, identifier, timeoutMs }: Echo): boolean {
    const uplink = uplinkInterface();
    const etherType = to.includes(':') ? 0x86dd : 0x0800;
    using socket = new PacketSocket({ interfaceIndex: uplink.index, etherType });
    const poller = new Poller();
    poller.add(socket.fd);
    socket.send(echoRequest({ fromMac: uplink.mac, toMac: gateway, from, to }, identifier));
    const until = performance.now() + timeoutMs;
    while (poller.wait(Math.max(0, until - performance.now())).length > 0) {
      for (let got = socket.receive(); got !== undefined; got = socket.receive()) {
        if (isEchoReply(got.frame, to, identifier)) return true;
      }
    }
    return false;
  },
  /** Sends an SCTP INIT. */
  openSctp({ from, to, gateway, port }: Frame & { readonly port: number }): void {
    const uplink = uplinkInterface();
    const etherType = to.includes(':') ? 0x86dd : 0x0800;
    using socket = new PacketSocket({ interfaceIndex: uplink.index, etherType });
    socket.send(sctpInit({ fromMac: uplink.mac, toMac: gateway, from, to }, 40_000, port));
  },
  apply: (plan: LandPlan) => landDriver().apply(plan),
  counters: () => Object.fromEntries(landDriver().counters()),
  remove: () => landDriver().remove(),
  /** A new agent after an old one. */
  restart() {
    driver?.[Symbol.dispose]();
    driver = undefined;
  },
};

export type Commands = typeof commands;

function uplinkInterface(): { readonly index: number; readonly mac: MacAddress } {
  const uplink = listInterfaces().find(({ name }) => name === 'eth0');
  if (uplink?.mac === undefined) throw new Error('no eth0 with a MAC address');
  return { index: uplink.index, mac: uplink.mac };
}

function connectTo({ address, port, from, fromPort }: Question): Socket {
  return connect({
    host: address,
    port,
    ...(from === undefined ? {} : { localAddress: from }),
    ...(fromPort === undefined ? {} : { localPort: fromPort }),
  });
}

async function askTcp(question: Question): Promise<Answer> {
  const socket = connectTo(question);
  try {
    const signal = AbortSignal.timeout(question.timeoutMs ?? defaultTimeoutMs);
    const [data] = (await once(socket, 'data', { signal })) as [Buffer];
    return JSON.parse(String(data)) as Answer;
  } catch (error) {
    return { error: errorName(error) };
  } finally {
    // A reset, so that the port can be used again at once.
    socket.on('error', () => undefined).resetAndDestroy();
  }
}

async function askUdp({ address, port, from, fromPort, timeoutMs }: Question): Promise<Answer> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind(fromPort ?? 0, from);
    await once(socket, 'listening');
    // Connected, so that a refusal by ICMP is heard.
    socket.connect(port, address);
    await once(socket, 'connect');
    socket.send('who');
    const signal = AbortSignal.timeout(timeoutMs ?? defaultTimeoutMs);
    const [data] = (await once(socket, 'message', { signal })) as [Buffer];
    return JSON.parse(String(data)) as Answer;
  } catch (error) {
    return { error: errorName(error) };
  } finally {
    socket.close();
  }
}

function seen(pod: string, address: string | undefined, port: number | undefined): string {
  const client = (address ?? '').replace(/^::ffff:(?=\d+\.)/u, '');
  return JSON.stringify({ pod, client, clientPort: port });
}

function errorName(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return 'timeout';
  return 'code' in error ? String(error.code) : error.message;
}

process.on('message', (request: { id: number; name: keyof Commands; argument: never }) => {
  const { id, name, argument } = request;
  const command: (argument: never) => unknown = commands[name];
  Promise.try(() => command(argument)).then(
    (result: unknown) => process.send?.({ id, result }),
    (error: unknown) => process.send?.({ id, error: String((error as Error).stack) }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.({ id: -1 });
