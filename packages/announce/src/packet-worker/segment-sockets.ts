import { familyOf, isLinkLocal, type IpAddress, type IpFamily } from '@fairlead/ip';
import { PacketSocket, UdpSocket, type SendFailure } from '@fairlead/linux';
import { heartbeatPort, type Datagram } from '@fairlead/membership';

/** Every frame, whatever it carries: ETH_P_ALL (include/uapi/linux/if_ether.h). */
const everyFrame = 0x0003;
/** Network control: CS6 (RFC 4594 §3.1), so that a busy queue does not make a node look dead. */
const networkControl = 0xc0;

/** The sockets of one segment: heartbeats of both families, and frames of our own making. */
export class SegmentSockets implements Disposable {
  readonly #interfaceIndex: number;
  readonly #udp = new Map<IpFamily, UdpSocket>();
  readonly #frames: PacketSocket;
  #listener: PacketSocket | undefined;
  #heard = false;
  readonly #failures = new Map<string, number>();

  /** Throws SystemError where the interface is gone or the port taken. */
  constructor(interfaceName: string, interfaceIndex: number) {
    this.#interfaceIndex = interfaceIndex;
    using opened = new DisposableStack();
    for (const family of [4, 6] as const) {
      const options = { family, port: heartbeatPort, interfaceName, trafficClass: networkControl };
      this.#udp.set(family, opened.use(new UdpSocket(options)));
    }
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
    const scope = isLinkLocal(to) && familyOf(to) === 6 ? this.#interfaceIndex : 0;
    this.#count(this.#udp.get(familyOf(to))?.sendTo(bytes, to, heartbeatPort, scope));
  }

  sendFrame(frame: Uint8Array): void {
    this.#count(this.#frames.send(frame));
  }

  /** Whether a frame of anybody has come in since this was first asked after `forgetHearing`. */
  hasHeard(): boolean {
    if (this.#heard) return true;
    const options = { interfaceIndex: this.#interfaceIndex, etherType: everyFrame };
    this.#listener ??= new PacketSocket({ ...options, receiveBuffer: 4096 });
    this.#heard = this.#listener.receive() !== undefined;
    if (this.#heard) this.#closeListener();
    return this.#heard;
  }

  forgetHearing(): void {
    this.#heard = false;
    this.#closeListener();
  }

  [Symbol.dispose](): void {
    for (const socket of this.#udp.values()) socket[Symbol.dispose]();
    this.#frames[Symbol.dispose]();
    this.#closeListener();
  }

  #closeListener(): void {
    this.#listener?.[Symbol.dispose]();
    this.#listener = undefined;
  }

  #count(failure: SendFailure | undefined): void {
    if (failure === undefined) return;
    this.#failures.set(failure.kind, (this.#failures.get(failure.kind) ?? 0) + 1);
  }
}
