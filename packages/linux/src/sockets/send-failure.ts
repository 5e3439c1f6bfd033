import { Errno, errorName } from '../system-error.ts';

/**
 * Why a datagram or frame did not leave. None of these is a mistake of the caller's; the next one may go through.
 * - `unreachable`: no route, or the neighbour does not answer
 * - `refused`: an ICMP port unreachable for an earlier datagram
 * - `forbidden`: a packet filter dropped it
 * - `no-buffers`: the queue is full
 * - `interface-down`: the interface is down or gone
 * - `no-source`: the address we send from is not (or no longer) on the node
 * - `too-big`: above the MTU with "do not fragment", or above what the socket sends at all
 * - `other`: see errno
 */
export interface SendFailure {
  readonly kind:
    | 'unreachable'
    | 'refused'
    | 'forbidden'
    | 'no-buffers'
    | 'interface-down'
    | 'no-source'
    | 'too-big'
    | 'other';
  /** The symbolic error number. */
  readonly errno: string;
}

/** ip(7), packet(7), send(2) */
const kinds: Readonly<Record<number, SendFailure['kind']>> = {
  [Errno.ENETUNREACH]: 'unreachable',
  [Errno.EHOSTUNREACH]: 'unreachable',
  [Errno.ECONNREFUSED]: 'refused',
  [Errno.EPERM]: 'forbidden',
  [Errno.EACCES]: 'forbidden',
  [Errno.EAGAIN]: 'no-buffers',
  [Errno.ENOBUFS]: 'no-buffers',
  [Errno.ENOMEM]: 'no-buffers',
  [Errno.ENETDOWN]: 'interface-down',
  [Errno.ENODEV]: 'interface-down',
  [Errno.ENXIO]: 'interface-down',
  [Errno.EADDRNOTAVAIL]: 'no-source',
  [Errno.EMSGSIZE]: 'too-big',
};

export function sendFailure(errorNumber: number): SendFailure {
  return { kind: kinds[errorNumber] ?? 'other', errno: errorName(errorNumber) };
}
