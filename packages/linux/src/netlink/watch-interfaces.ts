import { AddressMessage } from './interface-address.ts';
import { NetlinkEvents } from './netlink-events.ts';
import { NetlinkProtocol } from './netlink-socket.ts';
import { LinkMessage } from './network-interface.ts';

/** RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR */
const groups = [1, 5, 9] as const;

const types = new Set<number>([
  LinkMessage.new,
  LinkMessage.delete,
  AddressMessage.new,
  AddressMessage.delete,
]);

/**
 * Calls back when an interface or an address of this namespace has changed, never with what: read it afresh. The first
 * change is told at once, those that follow it closely together. Keeps the event loop alive until it is disposed of.
 * @throws SystemError
 */
export function watchInterfaces(onChange: () => void): Disposable {
  return new NetlinkEvents(NetlinkProtocol.route, groups, {
    matters: ({ type }) => types.has(type),
    onChange,
  });
}
