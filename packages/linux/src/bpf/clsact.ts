import { MessageFlag } from '../netlink/message.ts';
import { NetlinkProtocol, NetlinkSocket } from '../netlink/netlink-socket.ts';
import {
  decodeBpfFilter,
  encodeBpfFilter,
  encodeClsact,
  encodeFilterDump,
  encodeFilterRemoval,
  TrafficControlMessage,
  type BpfFilter,
} from '../netlink/traffic-control.ts';
import { SystemError } from '../system-error.ts';
import type { BpfProgram } from './bpf-program.ts';

/** Puts a program into a filter of the clsact qdisc, which is made where it is missing. A filter at the same place is replaced in one step. */
export function attachClsact(
  interfaceIndex: number,
  program: BpfProgram,
  priority: number,
  handle: number,
): void {
  using socket = new NetlinkSocket(NetlinkProtocol.route);
  try {
    socket.change(
      TrafficControlMessage.newQdisc,
      MessageFlag.create | MessageFlag.exclusive,
      encodeClsact(interfaceIndex),
      `clsact on interface ${interfaceIndex}`,
    );
  } catch (error) {
    if (!(error instanceof SystemError && error.errno === 'EEXIST')) {
      throw error;
    }
  }
  socket.change(
    TrafficControlMessage.newFilter,
    MessageFlag.create | MessageFlag.replace,
    encodeBpfFilter({ interfaceIndex, priority, handle }, program.fd, program.name),
    `filter ${program.name} on interface ${interfaceIndex}`,
  );
}

/** The BPF filters at an interface's clsact ingress in the order in which packets meet them; none where it has no clsact. */
export function listClsact(interfaceIndex: number): BpfFilter[] {
  using socket = new NetlinkSocket(NetlinkProtocol.route);
  return socket.dump(
    TrafficControlMessage.getFilter,
    encodeFilterDump(interfaceIndex),
    (message) =>
      message.type === TrafficControlMessage.newFilter ? decodeBpfFilter(message) : undefined,
    `filters of interface ${interfaceIndex}`,
  );
}

/** Removes a filter. Returns false where it is gone already. */
export function detachClsact(filter: BpfFilter): boolean {
  using socket = new NetlinkSocket(NetlinkProtocol.route);
  try {
    socket.change(
      TrafficControlMessage.deleteFilter,
      0,
      encodeFilterRemoval(filter),
      `filter ${filter.name} on interface ${filter.interfaceIndex}`,
    );
    return true;
  } catch (error) {
    if (error instanceof SystemError && (error.errno === 'ENOENT' || error.errno === 'ENODEV')) {
      return false;
    }
    throw error;
  }
}
