import { realtimeOffsetNs } from '../clock.ts';
import { addressOf, errno, libc } from '../ffi.ts';
import { Errno } from '../system-error.ts';
import { largestSocketAddress } from './socket-address.ts';
import { Level, SocketOption } from './socket-options.ts';

/**
 * One message from a socket. The views are of memory that the thread's next receive overwrites.
 * `length` is that of the whole message, `bytes` may hold less of it.
 */
interface ReceivedMessage {
  readonly bytes: Uint8Array;
  readonly length: number;
  readonly from: Uint8Array;
  /** When the kernel took it in, on CLOCK_MONOTONIC; only where the socket asked for time stamps. */
  readonly kernelTimeNs: bigint | undefined;
}

/** The largest UDP datagram and the largest frame with segmentation offload fit. */
const bufferSize = 65_536;
const controlSize = 256;

/** recvmsg(2) */
const flagDontWait = 0x40;
const flagTruncated = 0x20;

/** struct msghdr on 64-bit: name 0, name length 8, iov 16, iov length 24, control 32, control length 40, flags 48. */
const headerSize = 56;

/** All that recvmsg(2) writes to, laid out in one buffer whose address never changes. */
function makeScratch() {
  const at = { header: 0, vector: headerSize, from: 72, control: 200, data: 512 } as const;
  const buffer = new ArrayBuffer(at.data + bufferSize);
  const base = addressOf(buffer);
  const view = new DataView(buffer);
  view.setBigUint64(0, base + BigInt(at.from), true);
  view.setBigUint64(16, base + BigInt(at.vector), true);
  view.setBigUint64(24, 1n, true);
  view.setBigUint64(32, base + BigInt(at.control), true);
  view.setBigUint64(at.vector, base + BigInt(at.data), true);
  view.setBigUint64(at.vector + 8, BigInt(bufferSize), true);
  return { buffer, view, bytes: new Uint8Array(buffer), at };
}

let scratch: ReturnType<typeof makeScratch> | undefined;

/**
 * Takes the next message without blocking.
 * @returns undefined where there is none, or the error number that the socket had pending (it is then cleared)
 */
export function receiveMessage(fd: number): ReceivedMessage | number | undefined {
  scratch ??= makeScratch();
  const { view, bytes, at } = scratch;
  view.setUint32(8, largestSocketAddress, true);
  view.setBigUint64(40, BigInt(controlSize), true);
  for (;;) {
    const length = libc.recvmsg(fd, bytes, flagDontWait | flagTruncated);
    if (length >= 0) {
      return {
        bytes: bytes.subarray(at.data, at.data + Math.min(length, bufferSize)),
        length,
        from: bytes.subarray(at.from, at.from + view.getUint32(8, true)),
        kernelTimeNs: readTimestamp(view, at.control, Number(view.getBigUint64(40, true))),
      };
    }
    const reason = errno();
    if (reason !== Errno.EINTR) {
      return reason === Errno.EAGAIN ? undefined : reason;
    }
  }
}

/** struct cmsghdr: length 0 (8 bytes), level 8, type 12, then the data; each begins at a multiple of 8. */
const controlHeaderSize = 16;

function readTimestamp(view: DataView, start: number, length: number): bigint | undefined {
  let offset = start;
  while (offset + controlHeaderSize <= start + length) {
    const size = Number(view.getBigUint64(offset, true));
    const level = view.getInt32(offset + 8, true);
    const type = view.getInt32(offset + 12, true);
    if (level === Level.socket && type === SocketOption.timestampNs) {
      const seconds = view.getBigInt64(offset + 16, true);
      const nanoseconds = view.getBigInt64(offset + 24, true);
      return seconds * 1_000_000_000n + nanoseconds - realtimeOffsetNs();
    }
    offset += Math.max(controlHeaderSize, (size + 7) & ~7);
  }
  return undefined;
}
