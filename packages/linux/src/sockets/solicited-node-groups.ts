import { addressToBytes, type IpAddress } from '@fairlead/ip';
import { Descriptor } from '../descriptor.ts';
import { errno, libc } from '../ffi.ts';
import { check, Errno, SystemError } from '../system-error.ts';
import { AddressFamily } from './socket-address.ts';
import { Level, SocketType } from './socket-options.ts';

/** ipv6(7) */
const joinGroup = 20;
const leaveGroup = 21;

/** struct ipv6_mreq: address, interface index */
const requestSize = 20;

interface Membership {
  readonly interfaceIndex: number;
  readonly group: IpAddress;
  readonly socket: Descriptor;
}

/** What a leave may answer for a membership that ended with its interface. */
const alreadyGone: ReadonlySet<number> = new Set([
  Errno.ENODEV,
  Errno.ENXIO,
  Errno.EADDRNOTAVAIL,
  Errno.EINVAL,
]);

/** A socket may hold only as many groups as net.core.optmem_max lets it. */
const outOfRoom: ReadonlySet<number> = new Set([Errno.ENOMEM, Errno.ENOBUFS]);

/**
 * Keeps this node a listener of multicast groups, so that the network brings it neighbour solicitations for addresses
 * that the kernel does not own (MLD, RFC 3810; without it snooping switches drop them). Nothing is received here.
 * The memberships end with the process.
 */
export class SolicitedNodeGroups implements Disposable {
  readonly #sockets: Descriptor[] = [];
  readonly #memberships = new Map<string, Membership>();

  /** Joins a group on an interface; does nothing where it is joined already. Throws SystemError ENODEV where there is no such interface. */
  join(interfaceIndex: number, group: IpAddress): void {
    const key = `${interfaceIndex} ${group}`;
    if (this.#memberships.has(key)) {
      return;
    }
    const request = encodeRequest(interfaceIndex, group);
    let socket = this.#sockets.at(-1) ?? this.#open();
    let reason = change(socket, joinGroup, request);
    if (outOfRoom.has(reason)) {
      socket = this.#open();
      reason = change(socket, joinGroup, request);
    }
    if (reason !== 0) {
      throw new SystemError(reason, 'setsockopt', `join ${group} on interface ${interfaceIndex}`);
    }
    this.#memberships.set(key, { interfaceIndex, group, socket });
  }

  /** Leaves a group; does nothing where it is not joined, or the interface is gone. */
  leave(interfaceIndex: number, group: IpAddress): void {
    const key = `${interfaceIndex} ${group}`;
    const membership = this.#memberships.get(key);
    if (membership === undefined) {
      return;
    }
    const reason = change(membership.socket, leaveGroup, encodeRequest(interfaceIndex, group));
    if (reason !== 0 && !alreadyGone.has(reason)) {
      throw new SystemError(reason, 'setsockopt', `leave ${group} on interface ${interfaceIndex}`);
    }
    this.#memberships.delete(key);
  }

  /** What is joined now. */
  joined(): readonly { readonly interfaceIndex: number; readonly group: IpAddress }[] {
    return Array.from(this.#memberships.values(), ({ interfaceIndex, group }) => ({
      interfaceIndex,
      group,
    }));
  }

  #open(): Descriptor {
    const type = SocketType.datagram | SocketType.nonBlocking | SocketType.closeOnExec;
    const what = 'multicast membership socket';
    const socket = new Descriptor(
      check(libc.socket(AddressFamily.inet6, type, 0), 'socket', what),
      what,
    );
    this.#sockets.push(socket);
    return socket;
  }

  /** Leaves all groups. */
  [Symbol.dispose](): void {
    for (const socket of this.#sockets) {
      socket[Symbol.dispose]();
    }
    this.#sockets.length = 0;
    this.#memberships.clear();
  }
}

function encodeRequest(interfaceIndex: number, group: IpAddress): Uint8Array {
  const request = new Uint8Array(requestSize);
  request.set(addressToBytes(group));
  new DataView(request.buffer).setInt32(16, interfaceIndex, true);
  return request;
}

/** 0, or the error number. */
function change(socket: Descriptor, option: number, request: Uint8Array): number {
  return libc.setsockopt(socket.fd, Level.ipv6, option, request, request.length) === 0
    ? 0
    : errno();
}
