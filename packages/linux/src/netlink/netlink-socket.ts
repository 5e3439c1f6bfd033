import { Descriptor } from '../descriptor.ts';
import { libc } from '../ffi.ts';
import { receiveMessage } from '../sockets/receive-message.ts';
import {
  AddressFamily,
  decodeNetlinkPort,
  encodeNetlinkEndpoint,
} from '../sockets/socket-address.ts';
import {
  Level,
  setIntegerOption,
  setReceiveBuffer,
  SocketType,
} from '../sockets/socket-options.ts';
import { check, Errno, SystemError } from '../system-error.ts';
import { decodeAcknowledgement } from './acknowledgement.ts';
import {
  decodeMessages,
  encodeMessage,
  MessageFlag,
  MessageType,
  type NetlinkMessage,
} from './message.ts';

/** include/uapi/linux/netlink.h */
export const NetlinkProtocol = { route: 0, netfilter: 12 } as const;
const NetlinkOption = { addMembership: 1, capAcknowledge: 10, extendedAcknowledge: 11 } as const;

/** One of several messages that are sent together. */
export interface BatchMessage {
  readonly type: number;
  /** See {@link MessageFlag}; beyond request and acknowledge. */
  readonly flags: number;
  readonly payload: Uint8Array;
}

/** The kernel's state changed while it was being listed; the list may lack something. */
class InterruptedDump extends Error {}

const mostAttempts = 8;
const receiveBuffer = 1024 * 1024;

/**
 * A netlink socket for requests. The kernel answers a request while it takes it in, so nothing here waits:
 * an answer that is not there after the request is one that will never come.
 */
export class NetlinkSocket implements Disposable {
  readonly #descriptor: Descriptor;
  #sequence = 0;

  /** @param protocol one of {@link NetlinkProtocol} */
  constructor(protocol: number) {
    const type = SocketType.raw | SocketType.nonBlocking | SocketType.closeOnExec;
    const what = `netlink socket of protocol ${protocol}`;
    const fd = check(libc.socket(AddressFamily.netlink, type, protocol), 'socket', what);
    this.#descriptor = new Descriptor(fd, what);
    try {
      setReceiveBuffer(fd, receiveBuffer);
      setIntegerOption(fd, Level.netlink, NetlinkOption.capAcknowledge, 1, what);
      setIntegerOption(fd, Level.netlink, NetlinkOption.extendedAcknowledge, 1, what);
      const endpoint = encodeNetlinkEndpoint(0);
      check(libc.bind(fd, endpoint, endpoint.length), 'bind', what);
    } catch (error) {
      this.#descriptor[Symbol.dispose]();
      throw error;
    }
  }

  get fd(): number {
    return this.#descriptor.fd;
  }

  /** Makes events of a group arrive. */
  join(group: number): void {
    setIntegerOption(
      this.fd,
      Level.netlink,
      NetlinkOption.addMembership,
      group,
      `netlink group ${group}`,
    );
  }

  /**
   * Asks for all objects of a kind and decodes each; begins again where they changed meanwhile.
   * @throws SystemError, ProtocolError
   */
  dump<T>(
    type: number,
    payload: Uint8Array,
    decode: (message: NetlinkMessage) => T | undefined,
    what: string,
  ): T[] {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return this.#dumpOnce(type, payload, decode, what);
      } catch (error) {
        if (!(error instanceof InterruptedDump) || attempt === mostAttempts) {
          throw error;
        }
      }
    }
  }

  #dumpOnce<T>(
    type: number,
    payload: Uint8Array,
    decode: (message: NetlinkMessage) => T | undefined,
    what: string,
  ): T[] {
    const sequence = this.#send(type, MessageFlag.request | MessageFlag.dump, payload, what);
    const found: T[] = [];
    let interrupted = false;
    for (;;) {
      for (const message of this.#receive(what)) {
        if (message.sequence !== sequence) {
          continue;
        }
        interrupted ||= (message.flags & MessageFlag.dumpInterrupted) !== 0;
        if (message.type === MessageType.done || message.type === MessageType.error) {
          throwOnError(message, what);
          if (interrupted) {
            throw new InterruptedDump(`${what} kept changing while it was listed`);
          }
          return found;
        }
        const decoded = decode(message);
        if (decoded !== undefined) {
          found.push(decoded);
        }
      }
    }
  }

  /**
   * Asks for one object, whose answer is one message.
   * @throws SystemError, ProtocolError
   */
  get(type: number, payload: Uint8Array, what: string): NetlinkMessage {
    const sequence = this.#send(type, MessageFlag.request, payload, what);
    for (;;) {
      for (const message of this.#receive(what)) {
        if (message.sequence !== sequence) continue;
        if (message.type === MessageType.error) throwOnError(message, what);
        return message;
      }
    }
  }

  /**
   * Asks for a change and waits for the kernel's word that it is done.
   * @param flags beyond request and acknowledge, see {@link MessageFlag}
   * @throws SystemError with the kernel's text
   */
  change(type: number, flags: number, payload: Uint8Array, what: string): void {
    const sequence = this.#send(
      type,
      MessageFlag.request | MessageFlag.acknowledge | flags,
      payload,
      what,
    );
    this.#awaitAcknowledgement(sequence, sequence, what);
  }

  /**
   * Asks for several changes that are made together or not at all, and waits for the kernel's word that they are.
   * @param messages what begins the transaction, the changes, what ends it
   * @throws SystemError with the first of the kernel's refusals
   */
  transact(messages: readonly BatchMessage[], what: string): void {
    const first = this.#sequence + 1;
    // The kernel acknowledges no end of a transaction, but its last change only once all are made.
    const lastChange = messages.length - 2;
    const requests = messages.map(({ type, flags, payload }, at) => {
      this.#sequence += 1;
      const asked = at === lastChange ? flags | MessageFlag.acknowledge : flags;
      return encodeMessage(type, asked | MessageFlag.request, this.#sequence, payload);
    });
    const datagram = Buffer.concat(requests);
    check(libc.sendto(this.fd, datagram, datagram.length, 0, null, 0), 'sendto', what);
    this.#awaitAcknowledgement(first, first + lastChange, what);
  }

  /** Of the last of the requests that were sent together. */
  #awaitAcknowledgement(first: number, last: number, what: string): void {
    for (;;) {
      for (const message of this.#receive(what)) {
        if (message.sequence < first || message.type !== MessageType.error) continue;
        throwOnError(message, what);
        if (message.sequence === last) return;
      }
    }
  }

  #send(type: number, flags: number, payload: Uint8Array, what: string): number {
    this.#sequence += 1;
    const request = encodeMessage(type, flags, this.#sequence, payload);
    check(libc.sendto(this.fd, request, request.length, 0, null, 0), 'sendto', what);
    return this.#sequence;
  }

  #receive(what: string): NetlinkMessage[] {
    for (;;) {
      const received = receiveMessage(this.fd);
      if (received === undefined) {
        throw new SystemError(Errno.EAGAIN, 'recvmsg', `${what}: the kernel did not answer`);
      }
      if (typeof received === 'number') {
        throw new SystemError(received, 'recvmsg', what);
      }
      if (received.length > received.bytes.length) {
        throw new SystemError(
          Errno.EMSGSIZE,
          'recvmsg',
          `${what}: answer of ${received.length} bytes`,
        );
      }
      if (decodeNetlinkPort(received.from) === 0) {
        // A copy: the decoder may itself receive.
        return decodeMessages(received.bytes.slice());
      }
    }
  }

  [Symbol.dispose](): void {
    this.#descriptor[Symbol.dispose]();
  }
}

function throwOnError(message: NetlinkMessage, what: string): void {
  const { error, text } = decodeAcknowledgement(message);
  if (error !== 0) {
    throw new SystemError(error, 'netlink', text === undefined ? what : `${what}: ${text}`);
  }
}
