import { solicitedNodeGroup, type IpAddress, type MacAddress } from '@fairlead/ip';
import { encodeArp, type ArpPacket } from './arp.ts';
import { broadcastMac, encodeEthernet, etherTypes } from './ethernet.ts';
import { allNodesGroup, multicastMac } from './multicast.ts';
import { encodeNeighbourAdvertisement, encodeNeighbourSolicitation } from './ndp.ts';

/** All zeros: the target of an ARP request, whose link-layer address is what is asked for. */
const unknownMac = '00:00:00:00:00:00' as MacAddress;
const anyIpv4 = '0.0.0.0' as IpAddress;
const anyIpv6 = '::' as IpAddress;

/** An ARP request: who has `targetIp`? Broadcast, or to `targetMac` alone (RFC 1122 §2.3.2.1). */
export function arpRequest(question: {
  readonly senderMac: MacAddress;
  readonly senderIp: IpAddress;
  readonly targetIp: IpAddress;
  readonly targetMac?: MacAddress | undefined;
}): Uint8Array {
  const { senderMac, senderIp, targetIp, targetMac = broadcastMac } = question;
  const operation = 'request';
  return arpFrame(targetMac, { operation, senderMac, senderIp, targetMac: unknownMac, targetIp });
}

/** An ARP probe: does anybody have `ip`? From 0.0.0.0, so that no cache changes (RFC 5227 §2.1.1). */
export function arpProbe(mac: MacAddress, ip: IpAddress): Uint8Array {
  return arpRequest({ senderMac: mac, senderIp: anyIpv4, targetIp: ip });
}

/**
 * The two forms in which `mac` tells the link that `ip` is there: some hosts update their caches from
 * requests only (RFC 5227 §2.3 announces by them), others from replies only (RFC 5944 §4.6 has both).
 */
export function gratuitousArp(
  mac: MacAddress,
  ip: IpAddress,
): readonly [request: Uint8Array, reply: Uint8Array] {
  const claim = { senderMac: mac, senderIp: ip, targetIp: ip } as const;
  return [
    arpFrame(broadcastMac, { ...claim, operation: 'request', targetMac: unknownMac }),
    // RFC 5944 §4.6: in the reply the target's is the address to which caches shall be updated.
    arpFrame(broadcastMac, { ...claim, operation: 'reply', targetMac: mac }),
  ];
}

/**
 * An unsolicited neighbour advertisement to all nodes with Override set: `ip` is at `mac` (RFC 4861
 * §7.2.6).
 * @param source An address of the interface that sends, best its link-local one; or `ip` itself.
 */
export function unsolicitedNeighbourAdvertisement(
  mac: MacAddress,
  source: IpAddress,
  ip: IpAddress,
): Uint8Array {
  const link = { destination: multicastMac(allNodesGroup), source: mac };
  return encodeNeighbourAdvertisement(link, {
    source,
    destination: allNodesGroup,
    target: ip,
    router: false,
    solicited: false,
    override: true,
    targetMac: mac,
  });
}

/** A solicitation from `::`: does anybody have `ip`? What ARP probes are to IPv4 (RFC 4862 §5.4.2). */
export function duplicateAddressProbe(mac: MacAddress, ip: IpAddress): Uint8Array {
  const destination = solicitedNodeGroup(ip);
  const link = { destination: multicastMac(destination), source: mac };
  return encodeNeighbourSolicitation(link, {
    source: anyIpv6,
    destination,
    target: ip,
    sourceMac: undefined,
  });
}

function arpFrame(destination: MacAddress, packet: ArpPacket): Uint8Array {
  const payload = encodeArp(packet);
  return encodeEthernet({
    destination,
    source: packet.senderMac,
    etherType: etherTypes.arp,
    payload,
  });
}
