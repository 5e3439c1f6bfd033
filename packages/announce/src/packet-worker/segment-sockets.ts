import { encodeUdp, type LinkAddresses } from '@fairlead/l2';
import { familyOf, isLinkLocal, type IpAddress, type IpFamily } from '@fairlead/ip';
import {
  PacketSocket,
  receivedFrames,
  SystemError,
  UdpSocket,
  type Poller,
  type SendFailure,
} from '@fairlead/linux';
import { heartbeatPort, type Datagram } from '@fairlead/membership';
import type { UsableInterface } from '../plan.ts';
import { networkControl, openHeartbeatSockets } from './heartbeat-sockets.ts';

/** The sockets of one segment: heartbeats of the families that there are, and frames of our own making. */
export class SegmentSockets implements Disposable {
  readonly #interfaceIndex: number;
  readonly #poller: Pick<Poller, 'add' | 'remove'>;
  readonly #udp: ReadonlyMap<IpFamily, UdpSocket>;
  /** By interface index. */
  readonly #ofTwins = new Map<number, ReadonlyMap<IpFamily, UdpSocket>>();
  readonly #frames: PacketSocket;
  readonly #failures = new Map<string, number>();

  /**
   * Has the poller wake up when a heartbeat waits.
   * @throws SystemError where the interface is gone or the port taken
   */
  constructor(
    { name, index }: Pick<UsableInterface, 'name' | 'index'>,
    poller: Pick<Poller, 'add' | 'remove'>,
  ) {
    this.#interfaceIndex = index;
    this.#poller = poller;
    using opened = new DisposableStack();
    this.#frames = opened.use(new PacketSocket({ interfaceIndex: index, etherType: 0 }));
    this.#udp = this.#open(name);
    opened.move();
  }

  /**
   * Has heartbeats that come in by these interfaces received as well: where a kernel answers ARP for an address on
   * each interface of a network (arp_ignore = 0), peers send to any of them.
   * @throws SystemError as above; the others are opened the next time
   */
  hearTwins(twins: readonly UsableInterface[]): void {
    for (const [index, sockets] of this.#ofTwins) {
      if (twins.some((twin) => twin.index === index)) continue;
      this.#ofTwins.delete(index);
      this.#close(sockets);
    }
    for (const { name, index } of twins) {
      if (!this.#ofTwins.has(index)) this.#ofTwins.set(index, this.#open(name));
    }
  }

  /** Sends that the kernel refused, by reason. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures;
  }

  receive(): Datagram | undefined {
    for (const sockets of [this.#udp, ...this.#ofTwins.values()]) {
      for (const socket of sockets.values()) {
        const datagram = socket.receive();
        if (datagram !== undefined) return { from: datagram.address, bytes: datagram.bytes };
      }
    }
    return undefined;
  }

  sendHeartbeat(to: IpAddress, bytes: Uint8Array): void {
    const scope = familyOf(to) === 6 && isLinkLocal(to) ? this.#interfaceIndex : 0;
    this.#count(this.#udp.get(familyOf(to))?.sendTo(bytes, to, heartbeatPort, scope));
  }

  /** Past the kernel's neighbour cache and its firewall for outgoing packets. */
  sendHeartbeatFrame(link: LinkAddresses, source: IpAddress, to: IpAddress, payload: Uint8Array) {
    const ports = { sourcePort: heartbeatPort, destinationPort: heartbeatPort };
    const datagram = { ...ports, source, destination: to, trafficClass: networkControl, payload };
    this.sendFrame(encodeUdp(link, datagram));
  }

  sendFrame(frame: Uint8Array): void {
    this.#count(this.#frames.send(frame));
  }

  /** How many frames of anybody have come in; undefined where the interface is gone. */
  received(): bigint | undefined {
    try {
      return receivedFrames(this.#interfaceIndex);
    } catch (error) {
      // The next plan does without it.
      if (error instanceof SystemError) return undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.hearTwins([]);
    this.#close(this.#udp);
    this.#frames[Symbol.dispose]();
  }

  #open(interfaceName: string): ReadonlyMap<IpFamily, UdpSocket> {
    const sockets = openHeartbeatSockets(interfaceName, (options) => new UdpSocket(options));
    for (const { fd } of sockets.values()) this.#poller.add(fd);
    return sockets;
  }

  #close(sockets: ReadonlyMap<IpFamily, UdpSocket>): void {
    for (const socket of sockets.values()) {
      this.#poller.remove(socket.fd);
      socket[Symbol.dispose]();
    }
  }

  #count(failure: SendFailure | undefined): void {
    if (failure === undefined) return;
    this.#failures.set(failure.kind, (this.#failures.get(failure.kind) ?? 0) + 1);
  }
}
