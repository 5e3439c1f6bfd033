import type { IpAddress } from '@fairlead/ip';
import { decodeDefaultGateways, encodeRouteDump, RouteMessage } from './default-gateway.ts';
import {
  AddressMessage,
  decodeInterfaceAddress,
  encodeAddressDump,
  type InterfaceAddress,
} from './interface-address.ts';
import { NetlinkProtocol, NetlinkSocket } from './netlink-socket.ts';
import {
  decodeInterface,
  encodeLinkDump,
  LinkMessage,
  type NetworkInterface,
} from './network-interface.ts';

/** All network interfaces of this namespace. */
export function listInterfaces(): NetworkInterface[] {
  using socket = new NetlinkSocket(NetlinkProtocol.route);
  return socket.dump(
    LinkMessage.get,
    encodeLinkDump(),
    (message) => (message.type === LinkMessage.new ? decodeInterface(message) : undefined),
    'list of interfaces',
  );
}

/** All IPv4 and IPv6 addresses of this namespace. */
export function listAddresses(): InterfaceAddress[] {
  using socket = new NetlinkSocket(NetlinkProtocol.route);
  return socket.dump(
    AddressMessage.get,
    encodeAddressDump(),
    (message) =>
      message.type === AddressMessage.new ? decodeInterfaceAddress(message) : undefined,
    'list of addresses',
  );
}

/** The gateways of all default routes of this namespace, each once. */
export function listDefaultGateways(): IpAddress[] {
  using socket = new NetlinkSocket(NetlinkProtocol.route);
  const gateways = socket.dump(
    RouteMessage.get,
    encodeRouteDump(),
    (message) => (message.type === RouteMessage.new ? decodeDefaultGateways(message) : undefined),
    'list of routes',
  );
  return [...new Set(gateways.flat())];
}
