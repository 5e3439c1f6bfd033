import { readFileSync } from 'node:fs';
import { ProtocolError } from '@fairlead/wire';
import { watchReadable, type ReadinessHandle } from '../ffi.ts';
import { receiveMessage } from '../sockets/receive-message.ts';
import { decodeNetlinkPort } from '../sockets/socket-address.ts';
import { Errno, SystemError } from '../system-error.ts';
import { AddressMessage } from './interface-address.ts';
import { decodeMessages, type NetlinkMessage } from './message.ts';
import { NetlinkProtocol, NetlinkSocket } from './netlink-socket.ts';
import { LinkMessage } from './network-interface.ts';
import { decodeRulesetGeneration, type RulesetGeneration } from './ruleset-generation.ts';

/** What may have changed. */
export type KernelSubject = 'links' | 'addresses' | 'nftables';

/** What to watch. */
export type WatchedSubjects = { readonly [Subject in KernelSubject]?: boolean };

/** RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, NFNLGRP_NFTABLES */
const Group = { link: 1, ipv4Address: 5, ipv6Address: 9, nftables: 7 } as const;

const allSubjects = ['links', 'addresses', 'nftables'] as const;

/** After a report the next one waits this long, so that a thousand changes are not a thousand reports. */
const pauseMs = 20;

/**
 * Reports that the kernel's state changed, never what: read it afresh. The first change is reported at once, those that
 * follow it closely together. Where the kernel lost events everything that is watched is reported.
 * Changes of the nftables ruleset by this thread are not reported.
 */
export class KernelWatch implements Disposable {
  readonly #subjects: ReadonlySet<KernelSubject>;
  readonly #onChange: (what: KernelSubject) => void;
  readonly #sockets: NetlinkSocket[] = [];
  readonly #handles: ReadinessHandle[] = [];
  readonly #changed = new Set<KernelSubject>();
  #scheduled: NodeJS.Immediate | undefined;
  #pause: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * Runs on the event loop of the calling thread, which it keeps alive until it is disposed of.
   * @throws SystemError
   */
  constructor(watched: WatchedSubjects, onChange: (what: KernelSubject) => void) {
    const subjects = new Set(allSubjects.filter((subject) => watched[subject] === true));
    this.#subjects = subjects;
    this.#onChange = onChange;
    const routeGroups = [
      ...(subjects.has('links') ? [Group.link] : []),
      ...(subjects.has('addresses') ? [Group.ipv4Address, Group.ipv6Address] : []),
    ];
    try {
      if (routeGroups.length > 0) {
        this.#open(NetlinkProtocol.route, routeGroups);
      }
      if (subjects.has('nftables')) {
        this.#open(NetlinkProtocol.netfilter, [Group.nftables]);
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  #open(protocol: number, groups: readonly number[]): void {
    const socket = new NetlinkSocket(protocol);
    this.#sockets.push(socket);
    for (const group of groups) {
      socket.join(group);
    }
    // The handle calls from below the JavaScript event loop's machinery (no microtasks, errors would be lost): leave it at once.
    this.#handles.push(
      watchReadable(socket.fd, () => {
        this.#scheduled ??= setImmediate(() => this.#drain());
      }),
    );
  }

  #drain(): void {
    this.#scheduled = undefined;
    for (const socket of this.#sockets) {
      this.#drainSocket(socket);
    }
    if (this.#pause === undefined) {
      this.#report();
    }
  }

  #drainSocket(socket: NetlinkSocket): void {
    for (;;) {
      const received = receiveMessage(socket.fd);
      if (received === undefined) {
        return;
      }
      if (typeof received === 'number') {
        if (received !== Errno.ENOBUFS) {
          throw new SystemError(received, 'recvmsg', 'netlink events');
        }
        this.#markAll();
      } else if (received.length > received.bytes.length) {
        this.#markAll();
      } else if (decodeNetlinkPort(received.from) === 0) {
        this.#judgeAll(received.bytes);
      }
    }
  }

  #judgeAll(bytes: Uint8Array): void {
    try {
      for (const message of decodeMessages(bytes)) {
        this.#judge(message);
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        throw error;
      }
      // What we cannot read may mean anything.
      this.#markAll();
    }
  }

  #judge(message: NetlinkMessage): void {
    switch (message.type) {
      case LinkMessage.new:
      case LinkMessage.delete:
        this.#mark('links');
        break;
      case AddressMessage.new:
      case AddressMessage.delete:
        this.#mark('addresses');
        break;
      default: {
        const generation = decodeRulesetGeneration(message);
        if (generation !== undefined && !isOwn(generation)) {
          this.#mark('nftables');
        }
      }
    }
  }

  #mark(what: KernelSubject): void {
    if (this.#subjects.has(what)) {
      this.#changed.add(what);
    }
  }

  #markAll(): void {
    for (const what of this.#subjects) {
      this.#changed.add(what);
    }
  }

  #report(): void {
    this.#pause = undefined;
    if (this.#changed.size === 0) {
      return;
    }
    const changed = Array.from(this.#changed);
    this.#changed.clear();
    this.#pause = setTimeout(() => this.#report(), pauseMs);
    for (const what of changed) {
      if (!this.#closed) {
        this.#onChange(what);
      }
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearImmediate(this.#scheduled);
    clearTimeout(this.#pause);
    for (const handle of this.#handles.splice(0)) {
      handle.close();
    }
    for (const socket of this.#sockets.splice(0)) {
      socket[Symbol.dispose]();
    }
  }
}

/**
 * Whether the calling thread made the transaction. The kernel names threads as seen from the first process id namespace;
 * in another one nothing matches, and our own transactions are reported too.
 */
function isOwn({ threadId, threadName }: RulesetGeneration): boolean {
  ownThread ??= readOwnThread();
  return ownThread.id === String(threadId) && ownThread.name === threadName;
}

/** Of the thread that this module was loaded in. */
let ownThread: ReturnType<typeof readOwnThread> | undefined;

function readOwnThread() {
  const status = readFileSync('/proc/thread-self/status', 'utf8');
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1];
  return { id: field('Pid'), name: field('Name') };
}
