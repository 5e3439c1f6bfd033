export { BpfLoadError, PinnedMapMismatch } from './bpf/bpf-errors.ts';
export { BpfMap, type ArrayMapOptions } from './bpf/bpf-map.ts';
export { BpfObject, type LoadOptions } from './bpf/bpf-object.ts';
export type { BpfProgram } from './bpf/bpf-program.ts';
export { mountBpffs, unmountBpffs } from './bpf/bpffs.ts';
export type { MapEntry } from './bpf/lookup-batch.ts';
export { unpin } from './bpf/pin.ts';
export { RingBuffer } from './bpf/ring-buffer.ts';
export {
  attachTcIngress,
  detachTcIngress,
  listTcIngress,
  tcIngressMode,
  tcIngressState,
  type Attachment,
  type AttachOptions,
  type TcIngressProgram,
  type TcMode,
} from './bpf/tc-ingress.ts';
export { monotonicNs } from './clock.ts';
export { FileLock } from './file-lock.ts';
export type { InterfaceAddress } from './netlink/interface-address.ts';
export { listAddresses, listDefaultGateways, listInterfaces } from './netlink/list.ts';
export type { NetworkInterface } from './netlink/network-interface.ts';
export { receivedFrames } from './netlink/received-frames.ts';
export type { RulesetChange, RulesetWatch } from './netlink/ruleset-watch.ts';
export type { ElementChange } from './netlink/set-elements.ts';
export { watchInterfaces } from './netlink/watch-interfaces.ts';
export { Nftables, NftablesError, type ListOptions } from './nftables.ts';
export { releaseColdMemory } from './resident-memory.ts';
export { setRoundRobin } from './scheduling.ts';
export { clearEventFd, EventFd, signalEventFd } from './sockets/event-fd.ts';
export type { PacketFilter } from './sockets/packet-filter.ts';
export {
  PacketSocket,
  type PacketSocketOptions,
  type ReceivedFrame,
} from './sockets/packet-socket.ts';
export { Poller } from './sockets/poller.ts';
export type { SendFailure } from './sockets/send-failure.ts';
export type { IpEndpoint, PacketType } from './sockets/socket-address.ts';
export { SolicitedNodeGroups } from './sockets/solicited-node-groups.ts';
export { UdpSocket, type Datagram, type UdpSocketOptions } from './sockets/udp-socket.ts';
export { sysctl } from './sysctl.ts';
export { SystemError } from './system-error.ts';
