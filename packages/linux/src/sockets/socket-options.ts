import { libc, type Memory } from '../ffi.ts';
import { check } from '../system-error.ts';

/** include/uapi/asm-generic/socket.h */
export const Level = { socket: 1, ip: 0, ipv6: 41, packet: 263, netlink: 270 } as const;

/** socket(7) */
export const SocketOption = {
  broadcast: 6,
  sendBuffer: 7,
  receiveBuffer: 8,
  priority: 12,
  receiveTimeout: 20,
  bindToDevice: 25,
  attachFilter: 26,
  sendBufferForce: 32,
  receiveBufferForce: 33,
  timestampNs: 35,
} as const;

/** SOCK_DGRAM, SOCK_RAW, and the flags that go with them: include/linux/net.h */
export const SocketType = {
  datagram: 2,
  raw: 3,
  nonBlocking: 0o4000,
  closeOnExec: 0o2000000,
} as const;

export function setOption(
  fd: number,
  level: number,
  option: number,
  value: Memory,
  size: number,
  what: string,
): void {
  check(libc.setsockopt(fd, level, option, value, size), 'setsockopt', what);
}

export function setIntegerOption(
  fd: number,
  level: number,
  option: number,
  value: number,
  what: string,
): void {
  setOption(fd, level, option, Int32Array.of(value), 4, what);
}

/** Asks for a buffer beyond net.core.rmem_max, and takes what that allows where we lack CAP_NET_ADMIN. */
export function setReceiveBuffer(fd: number, bytes: number): void {
  const value = Int32Array.of(bytes);
  if (libc.setsockopt(fd, Level.socket, SocketOption.receiveBufferForce, value, 4) !== 0) {
    setOption(
      fd,
      Level.socket,
      SocketOption.receiveBuffer,
      value,
      4,
      `receive buffer of ${bytes} bytes`,
    );
  }
}
