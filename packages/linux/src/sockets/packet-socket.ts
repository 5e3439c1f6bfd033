import { Descriptor } from '../descriptor.ts';
import { libc } from '../ffi.ts';
import { check, SystemError } from '../system-error.ts';
import { attachPacketFilter, type PacketFilter } from './packet-filter.ts';
import { receiveMessage } from './receive-message.ts';
import type { SendFailure } from './send-failure.ts';
import { sendMessage } from './send-message.ts';
import {
  AddressFamily,
  decodePacketType,
  encodeLinkEndpoint,
  type PacketType,
} from './socket-address.ts';
import {
  Level,
  setIntegerOption,
  setReceiveBuffer,
  SocketOption,
  SocketType,
} from './socket-options.ts';

export interface PacketSocketOptions {
  readonly interfaceIndex: number;
  /** Which frames come in, such as 0x0806 for ARP. 0: none, for a socket that only sends. */
  readonly etherType: number;
  /**
   * - `addressed` (default): what is addressed to this node, or to many, on this very segment; not another VLAN's
   * - `neighbour-discovery`: of that only solicitations and advertisements, so that a busy node's IPv6 traffic is not copied to us
   * - `all`
   */
  readonly filter?: PacketFilter;
  /** Bytes, as SO_RCVBUF counts them; default 256 KiB. */
  readonly receiveBuffer?: number;
  /** Fill in `kernelTimeNs`; costs two more calls for each frame. */
  readonly timestamps?: boolean;
  /** Told when the interface went down (ENETDOWN); without it that is dropped. */
  readonly onReceiveError?: (error: SystemError) => void;
}

export interface ReceivedFrame {
  /** From the Ethernet header on; the caller's own. */
  readonly frame: Uint8Array;
  readonly packetType: PacketType | undefined;
  /** When the kernel took it in, nanoseconds of CLOCK_MONOTONIC (computed from its wall-clock stamp). */
  readonly kernelTimeNs: bigint | undefined;
}

/** include/uapi/linux/if_packet.h */
const packetIgnoreOutgoing = 23;
const defaultReceiveBuffer = 256 * 1024;
const mostPendingErrors = 64;

/**
 * Whole Ethernet frames of one interface and one type, in and out. See packet(7). A bridge's port gets none: its frames
 * are the bridge's. Closing one that receives takes the kernel up to some 30 ms, in which the thread is blocked.
 */
export class PacketSocket implements Disposable {
  readonly #descriptor: Descriptor;
  readonly #onReceiveError: ((error: SystemError) => void) | undefined;
  readonly #what: string;

  /** Throws SystemError: ENODEV where there is no such interface, EPERM without CAP_NET_RAW. */
  constructor(options: PacketSocketOptions) {
    const { interfaceIndex, etherType } = options;
    this.#what = `packet socket on interface ${interfaceIndex} for 0x${etherType.toString(16)}`;
    this.#onReceiveError = options.onReceiveError;
    const type = SocketType.raw | SocketType.nonBlocking | SocketType.closeOnExec;
    // Protocol 0 until it is bound: otherwise frames of every interface come in between the two calls.
    const fd = check(libc.socket(AddressFamily.packet, type, 0), 'socket', this.#what);
    this.#descriptor = new Descriptor(fd, this.#what);
    try {
      attachPacketFilter(fd, options.filter ?? 'addressed', this.#what);
      setReceiveBuffer(fd, options.receiveBuffer ?? defaultReceiveBuffer);
      setIntegerOption(fd, Level.packet, packetIgnoreOutgoing, 1, this.#what);
      if (options.timestamps === true) {
        setIntegerOption(fd, Level.socket, SocketOption.timestampNs, 1, this.#what);
      }
      const endpoint = encodeLinkEndpoint(interfaceIndex, etherType);
      check(libc.bind(fd, endpoint, endpoint.length), 'bind', this.#what);
    } catch (error) {
      this.#descriptor[Symbol.dispose]();
      throw error;
    }
  }

  /** For a poller. Throws when closed. */
  get fd(): number {
    return this.#descriptor.fd;
  }

  /**
   * Sends one frame as it is, from the destination address on.
   * @returns why it did not leave, or undefined where it did
   */
  send(frame: Uint8Array): SendFailure | undefined {
    return sendMessage(this.fd, frame);
  }

  /** The next frame, or undefined where none waits. */
  receive(): ReceivedFrame | undefined {
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
      return {
        frame: message.bytes.slice(),
        packetType: decodePacketType(message.from),
        kernelTimeNs: message.kernelTimeNs,
      };
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }
}
