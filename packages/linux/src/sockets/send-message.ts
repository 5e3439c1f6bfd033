import { errno, libc } from '../ffi.ts';
import { Errno } from '../system-error.ts';
import { sendFailure, type SendFailure } from './send-failure.ts';

/**
 * Sends one datagram or frame; begins again where a signal came between.
 * @param to a socket address; none for a socket that is bound to where it sends
 * @returns why it did not leave, or undefined where it did
 */
export function sendMessage(
  fd: number,
  bytes: Uint8Array,
  to?: Uint8Array,
): SendFailure | undefined {
  for (;;) {
    if (libc.sendto(fd, bytes, bytes.length, 0, to ?? null, to?.length ?? 0) >= 0) {
      return undefined;
    }
    const reason = errno();
    if (reason !== Errno.EINTR) {
      return sendFailure(reason);
    }
  }
}
