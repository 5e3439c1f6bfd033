import { ProtocolError } from '@fairlead/wire';
import { Attributes } from './attributes.ts';
import { NetlinkProtocol, NetlinkSocket } from './netlink-socket.ts';
import { encodeLinkGet, LinkMessage } from './network-interface.ts';

/** IFLA_STATS64, include/uapi/linux/if_link.h: struct rtnl_link_stats64, which begins with rx_packets u64. */
const statistics = 23;
/** struct ifinfomsg */
const headerSize = 16;

/**
 * How many frames an interface has received since it was made.
 * @throws SystemError ENODEV where there is no such interface
 */
export function receivedFrames(interfaceIndex: number): bigint {
  using socket = new NetlinkSocket(NetlinkProtocol.route);
  const what = `statistics of interface ${interfaceIndex}`;
  const { payload, offset } = socket.get(LinkMessage.get, encodeLinkGet(interfaceIndex), what);
  const attributes = new Attributes(payload.subarray(headerSize), offset + headerSize);
  const bytes = attributes.bytes(statistics);
  if (bytes === undefined || bytes.length < 8) {
    throw new ProtocolError('missing-attribute', offset + headerSize, what);
  }
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
}
