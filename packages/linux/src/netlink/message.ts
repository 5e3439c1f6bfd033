import { ProtocolError } from '@fairlead/wire';
import { aligned } from './attributes.ts';

/** RFC 3549 §2.3.2.1, include/uapi/linux/netlink.h */
export const MessageType = { noop: 1, error: 2, done: 3, overrun: 4 } as const;

/** include/uapi/linux/netlink.h */
export const MessageFlag = {
  request: 0x1,
  multi: 0x2,
  acknowledge: 0x4,
  dumpInterrupted: 0x10,
  /** With a request that reads: all of them. */
  dump: 0x300,
  /** With a request that writes. */
  replace: 0x100,
  exclusive: 0x200,
  create: 0x400,
  /** In an answer: the request is not quoted in full, or attributes follow. */
  capped: 0x100,
  extended: 0x200,
} as const;

export interface NetlinkMessage {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  /** Who asked: 0 for an event. */
  readonly port: number;
  /** What follows the header, a view of the input. */
  readonly payload: Uint8Array;
  /** Where the payload begins in the input. */
  readonly offset: number;
}

/** struct nlmsghdr: length u32 (header included), type u16, flags u16, sequence u32, port u32. */
export const messageHeaderSize = 16;

/**
 * The messages in one datagram from a netlink socket.
 * @throws ProtocolError `truncated-message`
 */
export function decodeMessages(bytes: Uint8Array): NetlinkMessage[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const messages: NetlinkMessage[] = [];
  let at = 0;
  while (at < bytes.length) {
    const left = bytes.length - at;
    const length = left >= messageHeaderSize ? view.getUint32(at, true) : 0;
    if (length < messageHeaderSize || length > left) {
      throw new ProtocolError('truncated-message', at, `message of ${length} bytes, ${left} left`);
    }
    messages.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      sequence: view.getUint32(at + 8, true),
      port: view.getUint32(at + 12, true),
      payload: bytes.subarray(at + messageHeaderSize, at + length),
      offset: at + messageHeaderSize,
    });
    at += aligned(length);
  }
  return messages;
}

/** One message, header and all, from port 0 (the kernel fills in ours). */
export function encodeMessage(
  type: number,
  flags: number,
  sequence: number,
  payload: Uint8Array,
): Uint8Array {
  const length = messageHeaderSize + payload.length;
  const bytes = new Uint8Array(aligned(length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, length, true);
  view.setUint16(4, type, true);
  view.setUint16(6, flags, true);
  view.setUint32(8, sequence, true);
  bytes.set(payload, messageHeaderSize);
  return bytes;
}
