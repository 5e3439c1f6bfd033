import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import { errno } from './ffi.ts';

/** The kernel refused a call. */
export class SystemError extends Error {
  /** The symbolic name, as in errno(3): `EPERM`. */
  readonly errno: string;
  readonly syscall: string;
  /** What the call was about: the path, interface or address. */
  readonly detail: string;

  constructor(errorNumber: number, syscall: string, detail = '', options?: ErrorOptions) {
    const name = errorName(errorNumber);
    const subject = detail === '' ? syscall : `${syscall} ${detail}`;
    super(`${subject}: ${errorText(errorNumber)} (${name})`, options);
    this.name = 'SystemError';
    this.errno = name;
    this.syscall = syscall;
    this.detail = detail;
  }
}

/** The result of a call, or the error that its negative value stands for. */
export function check(result: number, syscall: string, detail = ''): number {
  if (result < 0) {
    throw new SystemError(errno(), syscall, detail);
  }
  return result;
}

/** `EPERM` for 1. Numbers that errno(3) does not know (the kernel's own, 512 and up) come back as `E524`. */
export function errorName(errorNumber: number): string {
  const name = getSystemErrorName(-errorNumber);
  return /^E[A-Z0-9]+$/.test(name) ? name : (beyondErrno[errorNumber] ?? `E${errorNumber}`);
}

function errorText(errorNumber: number): string {
  return errorNumber in beyondErrno || errorName(errorNumber) === `E${errorNumber}`
    ? `error ${errorNumber}`
    : getSystemErrorMessage(-errorNumber);
}

/** Numbers that libuv does not name. include/uapi/asm-generic/errno.h, include/linux/errno.h */
const beyondErrno: Readonly<Record<number, string>> = {
  61: 'ENODATA',
  62: 'ETIME',
  116: 'ESTALE',
  524: 'ENOTSUPP',
};

/** The numbers that this package treats apart. include/uapi/asm-generic/errno{-base,}.h */
export const Errno = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  ENXIO: 6,
  E2BIG: 7,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  EMSGSIZE: 90,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ENOBUFS: 105,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  ENOTSUPP: 524,
} as const;
