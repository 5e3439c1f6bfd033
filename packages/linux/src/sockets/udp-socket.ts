import type { IpAddress, IpFamily } from '@fairlead/ip';
import { Descriptor } from '../descriptor.ts';
import { libc } from '../ffi.ts';
import { check, SystemError } from '../system-error.ts';
import { receiveMessage } from './receive-message.ts';
import type { SendFailure } from './send-failure.ts';
import { sendMessage } from './send-message.ts';
import {
  AddressFamily,
  decodeIpEndpoint,
  encodeIpEndpoint,
  largestSocketAddress,
  unspecifiedAddress,
  type IpEndpoint,
} from './socket-address.ts';
import {
  Level,
  setIntegerOption,
  setOption,
  setReceiveBuffer,
  SocketOption,
  SocketType,
} from './socket-options.ts';

export interface UdpSocketOptions {
  readonly family: IpFamily;
  /** 0: the kernel picks one, see {@link UdpSocket.local}. */
  readonly port: number;
  /** Only datagrams of this interface come in, and all leave by it whatever the routes say (SO_BINDTODEVICE). */
  readonly interfaceName?: string;
  /** The address to listen on and to send from; else any. A link-local one needs `scope`. */
  readonly address?: IpAddress;
  /** Interface index, for a link-local `address`. */
  readonly scope?: number;
  /** Bytes, as SO_RCVBUF counts them (headers included); default 256 KiB. */
  readonly receiveBuffer?: number;
  /** IP time to live or IPv6 hop limit of what is sent; the system's default otherwise. */
  readonly hopLimit?: number;
  /** The 8 bits of TOS or traffic class, such as 0xc0 for CS6, network control (RFC 4594 §3.1). */
  readonly trafficClass?: number;
  /** Fill in `kernelTimeNs`; costs two more calls for each datagram. */
  readonly timestamps?: boolean;
  /** Told of errors that came back from the network for earlier datagrams; without it they are dropped. */
  readonly onReceiveError?: (error: SystemError) => void;
}

export interface Datagram extends IpEndpoint {
  /** A view of memory that the thread's next receive overwrites. */
  readonly bytes: Uint8Array;
  /** When the kernel took it in, nanoseconds of CLOCK_MONOTONIC (computed from its wall-clock stamp: off by any step of the wall clock since). */
  readonly kernelTimeNs: bigint | undefined;
}

/** ip(7), ipv6(7) */
const IpOption = { tos: 1, ttl: 2 } as const;
const Ipv6Option = { unicastHops: 16, v6Only: 26, trafficClass: 67 } as const;

const defaultReceiveBuffer = 256 * 1024;

/** More pending errors in a row than this are left for the next call. */
const mostPendingErrors = 64;

/** A UDP socket for an event loop of our own: nothing blocks, nothing that the network does throws. */
export class UdpSocket implements Disposable {
  readonly #descriptor: Descriptor;
  readonly #onReceiveError: ((error: SystemError) => void) | undefined;
  readonly #what: string;

  /** Throws SystemError where the address or port is taken, the interface unknown or a privilege missing. */
  constructor(options: UdpSocketOptions) {
    const { family, port, interfaceName } = options;
    const address = options.address ?? unspecifiedAddress(family);
    this.#what = `UDP ${address} port ${port}${interfaceName === undefined ? '' : ` on ${interfaceName}`}`;
    this.#onReceiveError = options.onReceiveError;
    const domain = family === 4 ? AddressFamily.inet : AddressFamily.inet6;
    const type = SocketType.datagram | SocketType.nonBlocking | SocketType.closeOnExec;
    this.#descriptor = new Descriptor(
      check(libc.socket(domain, type, 0), 'socket', this.#what),
      this.#what,
    );
    try {
      this.#configure(options);
      const bound = encodeIpEndpoint(address, port, options.scope ?? 0);
      check(libc.bind(this.fd, bound, bound.length), 'bind', this.#what);
    } catch (error) {
      this.#descriptor[Symbol.dispose]();
      throw error;
    }
  }

  #configure(options: UdpSocketOptions): void {
    const { fd } = this;
    const what = this.#what;
    const v6 = options.family === 6;
    setReceiveBuffer(fd, options.receiveBuffer ?? defaultReceiveBuffer);
    if (v6) {
      setIntegerOption(fd, Level.ipv6, Ipv6Option.v6Only, 1, what);
    }
    if (options.interfaceName !== undefined) {
      const name = Buffer.from(options.interfaceName);
      setOption(fd, Level.socket, SocketOption.bindToDevice, name, name.length, what);
    }
    const level = v6 ? Level.ipv6 : Level.ip;
    if (options.hopLimit !== undefined) {
      setIntegerOption(
        fd,
        level,
        v6 ? Ipv6Option.unicastHops : IpOption.ttl,
        options.hopLimit,
        what,
      );
    }
    if (options.trafficClass !== undefined) {
      setIntegerOption(
        fd,
        level,
        v6 ? Ipv6Option.trafficClass : IpOption.tos,
        options.trafficClass,
        what,
      );
    }
    if (options.timestamps === true) {
      setIntegerOption(fd, Level.socket, SocketOption.timestampNs, 1, what);
    }
  }

  /** For a poller. Throws when closed. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /** The address and port the socket is bound to. */
  get local(): IpEndpoint {
    const bytes = new Uint8Array(largestSocketAddress);
    check(libc.getsockname(this.fd, bytes, Int32Array.of(bytes.length)), 'getsockname', this.#what);
    const endpoint = decodeIpEndpoint(bytes);
    if (endpoint === undefined) {
      throw new Error(`${this.#what} is bound to neither an IPv4 nor an IPv6 address`);
    }
    return endpoint;
  }

  /**
   * Sends one datagram.
   * @param scope interface index; needed for a link-local IPv6 address
   * @returns why it did not leave, or undefined where it did
   */
  sendTo(bytes: Uint8Array, address: IpAddress, port: number, scope = 0): SendFailure | undefined {
    return sendMessage(this.fd, bytes, encodeIpEndpoint(address, port, scope));
  }

  /** The next datagram, or undefined where none waits. */
  receive(): Datagram | undefined {
    const { fd } = this;
    for (let errors = 0; errors < mostPendingErrors; errors += 1) {
      const message = receiveMessage(fd);
      if (message === undefined) {
        return undefined;
      }
      if (typeof message === 'number') {
        this.#onReceiveError?.(new SystemError(message, 'recvmsg', this.#what));
        continue;
      }
      const from = decodeIpEndpoint(message.from);
      if (from !== undefined) {
        const { address, port, scope } = from;
        return { bytes: message.bytes, address, port, scope, kernelTimeNs: message.kernelTimeNs };
      }
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }
}
