import { encodeUdp, type LinkAddresses } from '@fairlead/l2';
import { familyOf, isLinkLocal, type IpAddress, type IpFamily } from '@fairlead/ip';
import {
  PacketSocket,
  receivedFrames,
  SystemError,
  UdpSocket,
  type SendFailure,
} from '@fairlead/linux';
import { heartbeatPort, type Datagram } from '@fairlead/membership';
import { networkControl, openHeartbeatSockets } from './heartbeat-sockets.ts';

/** The sockets of one segment: heartbeats of the families that there are, and frames of our own making. */
export class SegmentSockets implements Disposable {
  readonly #interfaceIndex: number;
  readonly #udp: ReadonlyMap<IpFamily, UdpSocket>;
  readonly #frames: PacketSocket;
  readonly #failures = new Map<string, number>();

  /** Throws SystemError where the interface is gone or the port taken. */
  constructor(interfaceName: string, interfaceIndex: number) {
    this.#interfaceIndex = interfaceIndex;
    using opened = new DisposableStack();
    this.#udp = openHeartbeatSockets(interfaceName, (options) => new UdpSocket(options));
    for (const socket of this.#udp.values()) opened.use(socket);
    this.#frames = opened.use(new PacketSocket({ interfaceIndex, etherType: 0 }));
    opened.move();
  }

  /** Readable when a heartbeat waits. */
  get fds(): readonly number[] {
    return Array.from(this.#udp.values(), (socket) => socket.fd);
  }

  /** Sends that the kernel refused, by reason. */
  get failures(): ReadonlyMap<string, number> {
    return this.#failures;
  }

  receive(): Datagram | undefined {
    for (const socket of this.#udp.values()) {
      const datagram = socket.receive();
      if (datagram !== undefined) return { from: datagram.address, bytes: datagram.bytes };
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
    for (const socket of this.#udp.values()) socket[Symbol.dispose]();
    this.#frames[Symbol.dispose]();
  }

  #count(failure: SendFailure | undefined): void {
    if (failure === undefined) return;
    this.#failures.set(failure.kind, (this.#failures.get(failure.kind) ?? 0) + 1);
  }
}
