import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { macFromBytes, type MacAddress } from '@fairlead/ip';
import { listInterfaces, PacketSocket } from '@fairlead/linux';

/** Where a frame went: to which port of the switch, as the stack behind it saw it. */
export interface Arrival {
  readonly host: string;
  readonly frame: Uint8Array;
}

/** Frames wait in the socket while the test's thread is busy. */
const RECEIVE_BUFFER = 16 * 1024 * 1024;
const DEADLINE_MS = 5000;

/** How the MAC addresses of all hosts begin. The switch has another, and speaks now and then by itself. */
const ours = [2, 0x5e, 0xe0, 0] as const;

/** What makes a new namespace's bridges ask nftables. */
const bridgeFilters = ['iptables', 'ip6tables'].map(
  (name) => `/proc/sys/net/bridge/bridge-nf-call-${name}`,
);

/** What the flush looks like: an IPv4 packet of nobody, for everybody. */
const flush = Uint8Array.from([...Array<number>(6).fill(0xff), ...ours, 0, 0xf1, 8, 0, 0x4f]);

/**
 * Hosts on a switch, all in the namespace that the test runner made: the ends of veth pairs, without
 * addresses. A socket at each end hears what has passed tc ingress there.
 */
export class Network implements Disposable {
  readonly #hosts: ReadonlyMap<string, Host>;
  readonly #prefix: string;
  readonly #bridgeFilters: readonly (readonly [path: string, before: string])[];

  constructor(names: readonly string[], prefix = 'st') {
    this.#prefix = prefix;
    this.#bridgeFilters = bridgeFilters.map((path) => [path, readFileSync(path, 'utf8')]);
    // The switch shall pass malformed packets on.
    for (const path of bridgeFilters) writeFileSync(path, '0');
    const quiet = (name: string) => `sysctl -qw net.ipv6.conf.${name}.disable_ipv6=1`;
    const commands = [
      `ip link add ${prefix}-sw mtu 9000 type bridge mcast_snooping 0`,
      quiet(`${prefix}-sw`),
      `ip link set ${prefix}-sw up`,
      ...names.flatMap((name, index) => [
        `ip link add ${prefix}-${name} address ${macOf(index)} mtu 9000 type veth peer ${prefix}-p-${name} mtu 9000`,
        quiet(`${prefix}-${name}`),
        quiet(`${prefix}-p-${name}`),
        `ip link set ${prefix}-p-${name} master ${prefix}-sw up`,
        `ip link set ${prefix}-${name} up`,
        `bridge fdb replace ${macOf(index)} dev ${prefix}-p-${name} master static sticky`,
      ]),
    ];
    run(commands.join('\n'));
    this.#hosts = new Map(
      names.map((name, index) => [name, new Host(name, `${prefix}-${name}`, macOf(index))]),
    );
  }

  host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new RangeError(`no host ${name}`);
    return host;
  }

  /** Sends a frame and waits until it came out somewhere. More than one arrival means that it multiplied. */
  exchange(from: string, frame: Uint8Array): Arrival {
    const arrivals = this.exchangeAll(from, [frame]);
    const [only, another] = arrivals;
    if (only === undefined || another !== undefined) {
      const hosts = arrivals.map(({ host }) => host).join(' and ');
      throw new Error(`the frame arrived ${arrivals.length} times: ${hosts}`);
    }
    return only;
  }

  /** Sends frames and waits until as many came out, and until no more do. */
  exchangeAll(from: string, frames: readonly Uint8Array[]): Arrival[] {
    return [...this.gather(from, ...frames), ...this.settle(from)];
  }

  /** Sends frames and waits until as many came out. */
  gather(from: string, ...frames: readonly Uint8Array[]): Arrival[] {
    for (const frame of frames) this.host(from).send(frame);
    const arrivals: Arrival[] = [];
    const deadline = performance.now() + DEADLINE_MS;
    while (arrivals.length < frames.length) {
      if (performance.now() > deadline) {
        throw new Error(`${arrivals.length} of ${frames.length} frames arrived`);
      }
      arrivals.push(...this.drain());
    }
    return arrivals;
  }

  /** Everything that has arrived and was not taken yet. */
  drain(): Arrival[] {
    return Array.from(this.#hosts.values()).flatMap((host) => host.receive());
  }

  /** What still arrives until a frame sent now to all other hosts is everywhere. */
  settle(from: string): Arrival[] {
    const arrivals: Arrival[] = [];
    const waiting = new Set(this.#hosts.keys());
    waiting.delete(from);
    this.host(from).send(flush);
    const deadline = performance.now() + DEADLINE_MS;
    while (waiting.size > 0) {
      if (performance.now() > deadline) throw new Error(`silent: ${[...waiting].join(', ')}`);
      for (const name of waiting) {
        for (const arrival of this.host(name).receive()) {
          if (Buffer.compare(arrival.frame, flush) === 0) waiting.delete(name);
          else arrivals.push(arrival);
        }
      }
    }
    return [...arrivals, ...this.drain()];
  }

  [Symbol.dispose](): void {
    for (const host of this.#hosts.values()) host[Symbol.dispose]();
    const names = [...this.#hosts.values()].map(({ interfaceName }) => interfaceName);
    run([`${this.#prefix}-sw`, ...names].map((name) => `ip link del ${name}`).join('\n'));
    for (const [path, before] of this.#bridgeFilters) writeFileSync(path, before);
  }
}

/** One end of a cable to the switch. */
export class Host implements Disposable {
  readonly name: string;
  readonly interfaceName: string;
  readonly interfaceIndex: number;
  readonly mac: MacAddress;
  readonly #sockets: readonly PacketSocket[];

  constructor(name: string, interfaceName: string, mac: MacAddress) {
    this.name = name;
    this.interfaceName = interfaceName;
    this.interfaceIndex = interfaceIndex(interfaceName);
    this.mac = mac;
    this.#sockets = [0x0800, 0x86dd].map(
      (etherType) =>
        new PacketSocket({
          interfaceIndex: this.interfaceIndex,
          etherType,
          filter: 'all',
          receiveBuffer: RECEIVE_BUFFER,
        }),
    );
  }

  send(frame: Uint8Array): void {
    const failure = this.#sockets[0]?.send(frame);
    if (failure !== undefined) throw new Error(`${this.name} cannot send: ${failure.errno}`);
  }

  receive(): Arrival[] {
    const arrivals: Arrival[] = [];
    for (const socket of this.#sockets) {
      for (let next = socket.receive(); next; next = socket.receive()) {
        const { frame } = next;
        if (ours.every((byte, at) => frame[6 + at] === byte)) {
          arrivals.push({ host: this.name, frame });
        }
      }
    }
    return arrivals;
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket[Symbol.dispose]();
  }
}

export function interfaceIndex(name: string): number {
  const found = listInterfaces().find((each) => each.name === name);
  if (found === undefined) throw new RangeError(`no interface ${name}`);
  return found.index;
}

/** Runs shell commands. */
export function run(commands: string): void {
  execFileSync('sh', ['-e'], { input: commands, stdio: ['pipe', 'ignore', 'inherit'] });
}

function macOf(index: number): MacAddress {
  return macFromBytes(Uint8Array.from([...ours, 1, index + 1]));
}
