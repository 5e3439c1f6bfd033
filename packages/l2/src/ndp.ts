import {
  addressFromBytes,
  isMulticast,
  isUnspecified,
  macFromBytes,
  macToBytes,
  solicitedNodeGroup,
  type IpAddress,
  type MacAddress,
} from '@fairlead/ip';
import { ProtocolError, Reader, Writer } from '@fairlead/wire';
import { encodeEthernet, etherTypes, type LinkAddresses } from './ethernet.ts';
import { decodeIcmpv6, encodeIcmpv6, icmpOffset, ipv6Bytes, type Icmpv6Packet } from './icmpv6.ts';

/** IANA, ICMPv6 Parameters, Type Numbers. */
const messageTypes = { solicitation: 135, advertisement: 136 } as const;
/** IANA, ICMPv6 Parameters, Neighbor Discovery Option Formats. */
const optionTypes = { sourceLinkLayerAddress: 1, targetLinkLayerAddress: 2 } as const;
/** RFC 4861 §4.4. */
const flagBits = { router: 0x80, solicited: 0x40, override: 0x20 } as const;
/** A higher one could have come through a router (RFC 4861 §7.1). */
const requiredHopLimit = 255;
const targetOffset = icmpOffset + 8;
const linkLayerOptionLength = 8;

interface NeighbourMessage {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  readonly target: IpAddress;
}

/** Who has this address (RFC 4861 §4.3)? From `::` it asks whether anybody has it (RFC 4862 §5.4.2). */
export interface NeighbourSolicitation extends NeighbourMessage {
  readonly kind: 'solicitation';
  /** The source link-layer address option. */
  readonly sourceMac: MacAddress | undefined;
}

/** I have this address (RFC 4861 §4.4). */
export interface NeighbourAdvertisement extends NeighbourMessage {
  readonly kind: 'advertisement';
  readonly router: boolean;
  /** It answers a solicitation sent to this node alone, or by it. */
  readonly solicited: boolean;
  /** Replace the link-layer address in an existing cache entry. */
  readonly override: boolean;
  /** The target link-layer address option. */
  readonly targetMac: MacAddress | undefined;
}

export type NdpMessage = NeighbourSolicitation | NeighbourAdvertisement;

/**
 * Reads the payload of a frame of type IPv6 that carries a neighbour solicitation or advertisement, and
 * refuses all that RFC 4861 §7.1.1 and §7.1.2 tell a host to discard. Unknown options are skipped.
 * @throws ProtocolError those of `decodeIcmpv6`, `unknown-type`, `bad-hop-limit`, `bad-code`,
 * `multicast-target`, `empty-option`, `bad-option-length`, `bad-duplicate-address-probe`,
 * `solicited-multicast`.
 */
export function decodeNdp(packet: Uint8Array): NdpMessage {
  const icmp = decodeIcmpv6(packet);
  // type 1 | code 1 | checksum 2 | flags 4 (advertisement) or reserved | target 16 | options
  const reader = new Reader(icmp.message, icmpOffset);
  const type = reader.u8();
  if (type !== messageTypes.solicitation && type !== messageTypes.advertisement) {
    throw new ProtocolError('unknown-type', icmpOffset, `type ${type}, not 135 or 136`);
  }
  if (icmp.hopLimit !== requiredHopLimit) {
    throw new ProtocolError('bad-hop-limit', 7, `hop limit ${icmp.hopLimit}, not 255`);
  }
  const code = reader.u8();
  if (code !== 0) throw new ProtocolError('bad-code', icmpOffset + 1, `code ${code}, not 0`);
  reader.skip(2);
  const flags = reader.u32() >>> 24;
  const target = addressFromBytes(reader.bytes(16));
  if (isMulticast(target)) {
    throw new ProtocolError('multicast-target', targetOffset, `target ${target} is a group`);
  }
  const options = decodeOptions(reader);
  return type === messageTypes.solicitation
    ? solicitation(icmp, target, options)
    : advertisement(icmp, target, flags, options);
}

/** The frame of a solicitation. */
export function encodeNeighbourSolicitation(
  link: LinkAddresses,
  message: Omit<NeighbourSolicitation, 'kind'>,
): Uint8Array {
  const { solicitation: type } = messageTypes;
  const option = optionTypes.sourceLinkLayerAddress;
  return encodeFrame(link, message, type, 0, option, message.sourceMac);
}

/** The frame of an advertisement. */
export function encodeNeighbourAdvertisement(
  link: LinkAddresses,
  message: Omit<NeighbourAdvertisement, 'kind'>,
): Uint8Array {
  const { advertisement: type } = messageTypes;
  const flags =
    (message.router ? flagBits.router : 0) |
    (message.solicited ? flagBits.solicited : 0) |
    (message.override ? flagBits.override : 0);
  const option = optionTypes.targetLinkLayerAddress;
  return encodeFrame(link, message, type, flags, option, message.targetMac);
}

interface LinkLayerOptions {
  sourceMac: MacAddress | undefined;
  targetMac: MacAddress | undefined;
}

/** Of an option that comes twice the first counts, as in Linux. */
function decodeOptions(reader: Reader): LinkLayerOptions {
  const options: LinkLayerOptions = { sourceMac: undefined, targetMac: undefined };
  while (reader.remaining > 0) {
    // type 1 | length 1, of the whole option, in 8 bytes | value
    const start = reader.offset;
    const type = reader.u8();
    const units = reader.u8();
    // RFC 4861 §4.6: a length of 0 makes the packet invalid (and would never end).
    if (units === 0) throw new ProtocolError('empty-option', start, `option ${type} of length 0`);
    const value = reader.bytes(8 * units - 2);
    if (type === optionTypes.sourceLinkLayerAddress) {
      options.sourceMac ??= linkLayerAddress(start, value);
    } else if (type === optionTypes.targetLinkLayerAddress) {
      options.targetMac ??= linkLayerAddress(start, value);
    }
  }
  return options;
}

function linkLayerAddress(start: number, value: Uint8Array): MacAddress {
  // RFC 2464 §6: on Ethernet the option has length 1.
  if (value.length !== 6) {
    const detail = `a link-layer address of ${value.length} bytes, not 6`;
    throw new ProtocolError('bad-option-length', start, detail);
  }
  return macFromBytes(value);
}

function solicitation(
  { source, destination }: Icmpv6Packet,
  target: IpAddress,
  { sourceMac }: LinkLayerOptions,
): NeighbourSolicitation {
  // RFC 4861 §7.1.1: from "::" only to a solicited-node group, and without the option.
  if (isUnspecified(source)) {
    if (destination !== solicitedNodeGroup(destination)) {
      const detail = `from :: to ${destination}, which is no solicited-node group`;
      throw new ProtocolError('bad-duplicate-address-probe', 24, detail);
    }
    if (sourceMac !== undefined) {
      const detail = `from :: with the source link-layer address ${sourceMac}`;
      throw new ProtocolError('bad-duplicate-address-probe', targetOffset + 16, detail);
    }
  }
  return { kind: 'solicitation', source, destination, target, sourceMac };
}

function advertisement(
  { source, destination }: Icmpv6Packet,
  target: IpAddress,
  flags: number,
  { targetMac }: LinkLayerOptions,
): NeighbourAdvertisement {
  const solicited = (flags & flagBits.solicited) !== 0;
  // RFC 4861 §7.1.2.
  if (solicited && isMulticast(destination)) {
    const detail = `solicited, but sent to the group ${destination}`;
    throw new ProtocolError('solicited-multicast', icmpOffset + 4, detail);
  }
  const router = (flags & flagBits.router) !== 0;
  const override = (flags & flagBits.override) !== 0;
  const kind = 'advertisement';
  return { kind, source, destination, target, router, solicited, override, targetMac };
}

function encodeFrame(
  link: LinkAddresses,
  { source, destination, target }: NeighbourMessage,
  type: number,
  flags: number,
  optionType: number,
  optionMac: MacAddress | undefined,
): Uint8Array {
  const writer = new Writer()
    .u8(type)
    .u8(0)
    .u16(0)
    .u32(flags * 2 ** 24)
    .bytes(ipv6Bytes(target));
  if (optionMac !== undefined) {
    writer
      .u8(optionType)
      .u8(linkLayerOptionLength / 8)
      .bytes(macToBytes(optionMac));
  }
  const message = writer.finish();
  const payload = encodeIcmpv6({ source, destination, hopLimit: requiredHopLimit, message });
  return encodeEthernet({ ...link, etherType: etherTypes.ipv6, payload });
}
