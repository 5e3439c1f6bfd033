import type { IpFamily } from '@fairlead/ip';
import { SystemError, type UdpSocketOptions } from '@fairlead/linux';
import { heartbeatPort } from '@fairlead/membership';

/** Network control: CS6 (RFC 4594 §3.1), so that a busy queue does not make a node look dead. */
export const networkControl = 0xc0;

/**
 * Opens the sockets for heartbeats on an interface, one for each family that the kernel has: with
 * `ipv6.disable=1` there is one.
 * @throws SystemError where the interface is gone or the port taken; nothing stays open then
 */
export function openHeartbeatSockets<S extends Disposable>(
  interfaceName: string,
  open: (options: UdpSocketOptions) => S,
): ReadonlyMap<IpFamily, S> {
  using opened = new DisposableStack();
  const sockets = new Map<IpFamily, S>();
  for (const family of [4, 6] as const) {
    try {
      const options = { family, port: heartbeatPort, interfaceName, trafficClass: networkControl };
      sockets.set(family, opened.use(open(options)));
    } catch (error) {
      if (!(error instanceof SystemError && error.errno === 'EAFNOSUPPORT')) throw error;
    }
  }
  opened.move();
  return sockets;
}
