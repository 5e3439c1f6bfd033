import { solicitedNodeGroup, type IpAddress, type MacAddress } from '@fairlead/ip';
import {
  allNodesGroup,
  arpRequest,
  encodeArp,
  encodeEthernet,
  encodeNeighbourAdvertisement,
  encodeNeighbourSolicitation,
  etherTypes,
  multicastMac,
} from '@fairlead/l2';
import { internetChecksum } from '@fairlead/wire';
import { client, client4, client6, us } from './cast.ts';

/** The client's ARP request, broadcast. */
export function ask(
  targetIp: IpAddress,
  changes: Partial<Parameters<typeof arpRequest>[0]> = {},
): Uint8Array {
  return arpRequest({ senderMac: client, senderIp: client4, targetIp, ...changes });
}

/** Our ARP reply to the client. */
export function arpReply(
  senderIp: IpAddress,
  targetIp = client4,
  targetMac = client,
  senderMac = us,
): Uint8Array {
  return encodeEthernet({
    destination: targetMac,
    source: senderMac,
    etherType: etherTypes.arp,
    payload: encodeArp({ operation: 'reply', senderMac, senderIp, targetMac, targetIp }),
  });
}

export interface SolicitationChanges {
  readonly source?: IpAddress;
  readonly destination?: IpAddress;
  readonly sourceMac?: MacAddress | undefined;
  readonly from?: MacAddress;
  readonly to?: MacAddress;
}

/** The client's neighbour solicitation, to the solicited-node group. */
export function solicit(target: IpAddress, changes: SolicitationChanges = {}): Uint8Array {
  const group = solicitedNodeGroup(target);
  const { source = client6, destination = group, from = client } = changes;
  const link = { destination: changes.to ?? multicastMac(group), source: from };
  const sourceMac = 'sourceMac' in changes ? changes.sourceMac : client;
  return encodeNeighbourSolicitation(link, { source, destination, target, sourceMac });
}

/** Our advertisement to the client. */
export function advertisement(
  target: IpAddress,
  destination = client6,
  destinationMac = client,
): Uint8Array {
  return encodeNeighbourAdvertisement(
    { destination: destinationMac, source: us },
    {
      source: target,
      destination,
      target,
      router: false,
      solicited: destination !== allNodesGroup,
      override: true,
      targetMac: us,
    },
  );
}

export function withByte(frame: Uint8Array, offset: number, value: number): Uint8Array {
  const changed = frame.slice();
  changed[offset] = value;
  return changed;
}

/** The solicitation or advertisement with these options behind those it has. */
export function withOptions(frame: Uint8Array, ...options: readonly Uint8Array[]): Uint8Array {
  const longer = new Uint8Array(Buffer.concat([frame, ...options]));
  new DataView(longer.buffer).setUint16(18, longer.length - 54);
  return withChecksum(longer);
}

/** The frame with the right ICMPv6 checksum, where it is long enough to be one of ICMPv6. */
export function withChecksum(frame: Uint8Array): Uint8Array {
  const fixed = frame.slice();
  const view = new DataView(fixed.buffer);
  if (fixed.length < 78 || view.getUint16(12) !== etherTypes.ipv6) return fixed;
  const length = view.getUint16(18);
  if (54 + length > fixed.length) return fixed;
  view.setUint16(56, 0);
  const lengthAndType = Uint8Array.of(0, 0, length >> 8, length & 0xff, 0, 0, 0, 58);
  const parts = [fixed.subarray(22, 54), lengthAndType, fixed.subarray(54, 54 + length)];
  view.setUint16(56, internetChecksum(parts));
  return fixed;
}

/** The frame in IEEE 802.1Q: priority, VLAN id. */
export function tagged(frame: Uint8Array, control: number): Uint8Array {
  const tag = [0x81, 0x00, control >> 8, control & 0xff];
  return Uint8Array.of(...frame.subarray(0, 12), ...tag, ...frame.subarray(12));
}
