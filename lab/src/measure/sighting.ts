import type { IpAddress } from '@fairlead/ip';
import {
  decodeArp,
  decodeEthernet,
  decodeNdp,
  etherTypes,
  type ArpPacket,
  type NdpMessage,
} from '@fairlead/l2';
import { heartbeatPort } from '@fairlead/membership';
import { ProtocolError } from '@fairlead/wire';

/** What a frame is about, as far as Fairlead may have caused it. */
export type FrameMeaning =
  | { readonly meaning: 'heartbeat' }
  /** Says unasked who has an address: gratuitous ARP, unsolicited NA. */
  | { readonly meaning: 'announcement'; readonly address: IpAddress }
  /** Asks who has an address, or whether anybody has it. */
  | { readonly meaning: 'question'; readonly address: IpAddress }
  /** Answers such a question. */
  | { readonly meaning: 'answer'; readonly address: IpAddress }
  /** Joins or leaves multicast groups: IGMP, MLD. */
  | { readonly meaning: 'groups' }
  | { readonly meaning: 'other'; readonly what: string };

/** A frame that left a host, seen at the host's port of its switch. */
export type Sighting = FrameMeaning & {
  readonly kind: 'sighting';
  /** When the kernel took it in, `monotonicMs`. */
  readonly atMs: number;
  readonly port: string;
};

/** IANA, Protocol Numbers. */
const protocol = { hopByHop: 0, igmp: 2, tcp: 6, udp: 17, icmpv6: 58 } as const;

/** Tells what a whole Ethernet frame is about. Never throws: what cannot be read is `other`. */
export function meaningOf(frame: Uint8Array): FrameMeaning {
  try {
    const { etherType, payload } = decodeEthernet(frame);
    switch (etherType) {
      case etherTypes.arp:
        return meaningOfArp(decodeArp(payload));
      case etherTypes.ipv4:
        return meaningOfIpv4(payload);
      case etherTypes.ipv6:
        return meaningOfIpv6(payload);
      default:
        return { meaning: 'other', what: `type 0x${etherType.toString(16)}` };
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { meaning: 'other', what: error.message };
  }
}

function meaningOfArp({ operation, senderIp, targetIp }: ArpPacket): FrameMeaning {
  if (senderIp === targetIp) return { meaning: 'announcement', address: senderIp };
  return operation === 'reply'
    ? { meaning: 'answer', address: senderIp }
    : { meaning: 'question', address: targetIp };
}

/** RFC 791 §3.1. */
function meaningOfIpv4(packet: Uint8Array): FrameMeaning {
  const [first = 0] = packet;
  const number = packet[9] ?? 0;
  if (number === protocol.igmp) return { meaning: 'groups' };
  if (number === protocol.udp) return meaningOfUdp(packet.subarray((first & 0x0f) * 4));
  return { meaning: 'other', what: `IPv4 protocol ${number}` };
}

/** RFC 8200 §3. MLD alone has a hop-by-hop header here (RFC 3810 §5). */
function meaningOfIpv6(packet: Uint8Array): FrameMeaning {
  const number = packet[6] ?? 0;
  if (number === protocol.hopByHop) return { meaning: 'groups' };
  if (number === protocol.udp) return meaningOfUdp(packet.subarray(40));
  if (number === protocol.icmpv6) return meaningOfNdp(decodeNdp(packet));
  return { meaning: 'other', what: `IPv6 next header ${number}` };
}

function meaningOfUdp(segment: Uint8Array): FrameMeaning {
  const port = ((segment[2] ?? 0) << 8) | (segment[3] ?? 0);
  if (port === heartbeatPort) return { meaning: 'heartbeat' };
  return { meaning: 'other', what: `UDP to port ${port}` };
}

function meaningOfNdp(message: NdpMessage): FrameMeaning {
  const { target: address } = message;
  if (message.kind === 'solicitation') return { meaning: 'question', address };
  return { meaning: message.solicited ? 'answer' : 'announcement', address };
}
