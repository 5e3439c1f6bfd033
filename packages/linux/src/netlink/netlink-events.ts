import { ProtocolError } from '@fairlead/wire';
import { watchReadable, type ReadinessHandle } from '../ffi.ts';
import { receiveMessage } from '../sockets/receive-message.ts';
import { decodeNetlinkPort } from '../sockets/socket-address.ts';
import { Errno, SystemError } from '../system-error.ts';
import { decodeMessages, type NetlinkMessage } from './message.ts';
import { NetlinkSocket } from './netlink-socket.ts';

export interface NetlinkListener {
  /** Judges an event. @throws ProtocolError where it cannot be read, which is a loss */
  readonly matters: (message: NetlinkMessage) => boolean;
  /** Events were lost: anything may have happened, and `onChange` follows. */
  readonly onLost?: () => void;
  /** Called after events that matter: for the first at once, for those that follow it closely together. */
  readonly onChange: () => void;
}

/** After a call the next one waits this long, so that a thousand events are not a thousand calls. */
const pauseMs = 20;

/**
 * What the kernel tells the members of netlink groups, on the event loop of the calling thread, which is kept alive
 * until this is disposed of.
 */
export class NetlinkEvents implements Disposable {
  readonly #socket: NetlinkSocket;
  readonly #listener: NetlinkListener;
  #handle: ReadinessHandle;
  #scheduled: NodeJS.Immediate | undefined;
  #pause: NodeJS.Timeout | undefined;
  #changed = false;
  #closed = false;

  /** @throws SystemError */
  constructor(protocol: number, groups: readonly number[], listener: NetlinkListener) {
    using opened = new DisposableStack();
    this.#socket = opened.use(new NetlinkSocket(protocol));
    for (const group of groups) this.#socket.join(group);
    this.#listener = listener;
    this.#handle = this.#watch();
    opened.move();
  }

  #watch(): ReadinessHandle {
    // It calls from below the JavaScript event loop's machinery (no microtasks, errors would be lost): leave it at once.
    return watchReadable(this.#socket.fd, () => this.#schedule());
  }

  /** Judges what has come by now; in the next turn the event loop would. */
  drain(): void {
    this.#read();
    if (this.#changed) this.#schedule();
  }

  #schedule(): void {
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined;
      this.#read();
      if (this.#pause === undefined) this.#report();
    });
  }

  #read(): void {
    let lost = false;
    for (;;) {
      const received = receiveMessage(this.#socket.fd);
      if (received === undefined) break;
      if (typeof received === 'number') {
        if (received !== Errno.ENOBUFS) {
          throw new SystemError(received, 'recvmsg', 'netlink events');
        }
        // libuv stops watching a descriptor that had an error.
        this.#handle.close();
        this.#handle = this.#watch();
        lost = true;
      } else if (received.length > received.bytes.length) {
        lost = true;
      } else if (decodeNetlinkPort(received.from) === 0 && !this.#judge(received.bytes)) {
        lost = true;
      }
    }
    if (!lost) return;
    this.#changed = true;
    // Not before all is read: the kernel tells of a loss ahead of what came before it.
    this.#listener.onLost?.();
  }

  /** @returns whether all of it could be read */
  #judge(bytes: Uint8Array): boolean {
    try {
      for (const message of decodeMessages(bytes)) {
        if (this.#listener.matters(message)) this.#changed = true;
      }
      return true;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return false;
    }
  }

  #report(): void {
    this.#pause = undefined;
    if (!this.#changed || this.#closed) return;
    this.#changed = false;
    this.#pause = setTimeout(() => this.#report(), pauseMs);
    this.#listener.onChange();
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    clearImmediate(this.#scheduled);
    clearTimeout(this.#pause);
    this.#handle.close();
    this.#socket[Symbol.dispose]();
  }
}
