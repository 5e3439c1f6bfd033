import { addressFromBytes, type IpAddress } from '@fairlead/ip';
import { ProtocolError } from '@fairlead/wire';
import { AddressFamily } from '../sockets/socket-address.ts';
import { Attributes } from './attributes.ts';
import type { NetlinkMessage } from './message.ts';

/** include/uapi/linux/rtnetlink.h */
export const RouteMessage = { new: 24, get: 26 } as const;

/** enum rtattr_type_t */
const Attribute = { gateway: 5, multipath: 9 } as const;
/** RTN_UNICAST: neither local nor blackhole nor any other. */
const unicast = 1;

/** struct rtmsg: family u8, destination length u8, source length u8, tos u8, table u8, protocol u8, scope u8, type u8, flags u32. */
const headerSize = 12;
/** struct rtnexthop: length u16, flags u8, hops u8, interface u32; attributes follow. */
const nextHopSize = 8;

/** The payload of a request for all routes of both families. */
export function encodeRouteDump(): Uint8Array {
  return new Uint8Array(headerSize);
}

/**
 * The gateways of a default route: one, or several where packets are spread. Empty for every other route.
 * @throws ProtocolError
 */
export function decodeDefaultGateways({ payload, offset }: NetlinkMessage): readonly IpAddress[] {
  if (payload.length < headerSize) {
    throw new ProtocolError(
      'truncated-message',
      offset,
      `route message of ${payload.length} bytes`,
    );
  }
  const [family, destinationLength, , , , , , type] = payload;
  const size = sizeOf(family);
  if (size === undefined || destinationLength !== 0 || type !== unicast) return [];
  const attributes = new Attributes(payload.subarray(headerSize), offset + headerSize);
  const only = gatewayOf(attributes, size, offset);
  if (only !== undefined) return [only];
  const hops = attributes.bytes(Attribute.multipath);
  return hops === undefined ? [] : decodeNextHops(hops, size, offset);
}

function sizeOf(family: number | undefined): 4 | 16 | undefined {
  if (family === AddressFamily.inet) return 4;
  return family === AddressFamily.inet6 ? 16 : undefined;
}

function gatewayOf(attributes: Attributes, size: 4 | 16, offset: number): IpAddress | undefined {
  const bytes = attributes.bytes(Attribute.gateway);
  if (bytes === undefined) return undefined;
  if (bytes.length !== size) {
    throw new ProtocolError('bad-address', offset, `gateway of ${bytes.length} bytes, not ${size}`);
  }
  return addressFromBytes(bytes);
}

function decodeNextHops(bytes: Uint8Array, size: 4 | 16, offset: number): IpAddress[] {
  const gateways: IpAddress[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  while (bytes.length - at >= nextHopSize) {
    const length = view.getUint16(at, true);
    if (length < nextHopSize || length > bytes.length - at) {
      throw new ProtocolError(
        'truncated-attribute',
        offset,
        `next hop of ${length} bytes, ${bytes.length - at} left`,
      );
    }
    const attributes = new Attributes(bytes.subarray(at + nextHopSize, at + length), offset);
    const gateway = gatewayOf(attributes, size, offset);
    if (gateway !== undefined) gateways.push(gateway);
    at += Math.ceil(length / 4) * 4;
  }
  return gateways;
}
