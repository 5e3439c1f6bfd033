import { ProtocolError } from '@fairlead/wire';
import { aligned, Attributes } from './attributes.ts';
import { MessageFlag, messageHeaderSize, type NetlinkMessage } from './message.ts';

/** How a request ended: 0, or a positive error number with the kernel's words where it has any. */
export interface Acknowledgement {
  readonly error: number;
  readonly text: string | undefined;
}

/** NLMSGERR_ATTR_MSG, include/uapi/linux/netlink.h */
const attributeText = 1;

/**
 * Reads the payload of an NLMSG_ERROR message: error i32, the request's header, the rest of the request unless capped,
 * and attributes if extended. An NLMSG_DONE message begins alike.
 * @throws ProtocolError
 */
export function decodeAcknowledgement(message: NetlinkMessage): Acknowledgement {
  const { payload, offset, flags } = message;
  if (payload.length < 4) {
    throw new ProtocolError(
      'truncated-message',
      offset,
      `acknowledgement of ${payload.length} bytes`,
    );
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const error = -view.getInt32(0, true);
  if ((flags & MessageFlag.extended) === 0 || payload.length < 4 + messageHeaderSize) {
    return { error, text: undefined };
  }
  const quoted = (flags & MessageFlag.capped) === 0 ? view.getUint32(4, true) : messageHeaderSize;
  const start = 4 + aligned(quoted);
  if (start > payload.length) {
    throw new ProtocolError(
      'truncated-message',
      offset + 4,
      `quotes ${quoted} bytes, ${payload.length - 4} left`,
    );
  }
  return {
    error,
    text: new Attributes(payload.subarray(start), offset + start).text(attributeText),
  };
}
