export { decodeArp, encodeArp, type ArpOperation, type ArpPacket } from './arp.ts';
export {
  arpProbe,
  arpRequest,
  duplicateAddressProbe,
  gratuitousArp,
  unsolicitedNeighbourAdvertisement,
} from './claims.ts';
export {
  broadcastMac,
  decodeEthernet,
  encodeEthernet,
  etherTypes,
  type EthernetFrame,
  type LinkAddresses,
} from './ethernet.ts';
export { encodeUdp, type UdpDatagram } from './udp.ts';
export { allNodesGroup, multicastMac } from './multicast.ts';
export {
  decodeNdp,
  encodeNeighbourAdvertisement,
  encodeNeighbourSolicitation,
  type NdpMessage,
  type NeighbourAdvertisement,
  type NeighbourSolicitation,
} from './ndp.ts';
