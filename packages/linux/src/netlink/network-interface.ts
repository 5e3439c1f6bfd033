import { macFromBytes, type MacAddress } from '@fairlead/ip';
import { ProtocolError } from '@fairlead/wire';
import { Attributes, encodeAttributes } from './attributes.ts';
import type { NetlinkMessage } from './message.ts';

/** A network interface as the kernel describes it (`ip -d link`). */
export interface NetworkInterface {
  readonly index: number;
  readonly name: string;
  /** Undefined where it has no 48-bit address (tunnels, InfiniBand); loopback has 00:00:00:00:00:00. */
  readonly mac: MacAddress | undefined;
  /** IFF_UP: somebody switched it on. */
  readonly up: boolean;
  /** IFF_LOWER_UP: the link below is there. */
  readonly carrier: boolean;
  readonly loopback: boolean;
  /** IFF_NOARP: neighbours are not resolved on it. */
  readonly noArp: boolean;
  readonly broadcast: boolean;
  /** Bytes. */
  readonly mtu: number;
  /** Index of the bridge or bond it is a port of. */
  readonly master: number | undefined;
  /** Index of the interface below (VLAN, macvlan) or of the peer (veth), in this namespace or not. */
  readonly parent: number | undefined;
  /** The driver's kind, such as `bridge`, `veth`, `vlan`, `bond`; undefined for hardware. */
  readonly kind: string | undefined;
  /** The kind of its master. */
  readonly slaveKind: string | undefined;
}

/** include/uapi/linux/rtnetlink.h */
export const LinkMessage = { new: 16, delete: 17, get: 18 } as const;

/** include/uapi/linux/if_link.h */
const LinkAttribute = {
  address: 1,
  name: 3,
  mtu: 4,
  link: 5,
  master: 10,
  linkInfo: 18,
  extendedMask: 29,
} as const;
const InfoAttribute = { kind: 1, slaveKind: 4 } as const;

/** RTEXT_FILTER_SKIP_STATS: counters are most of an answer, and we do not read them. */
const skipStatistics = 1 << 3;

/** include/uapi/linux/if.h */
const Flag = { up: 0x1, broadcast: 0x2, loopback: 0x8, noArp: 0x80, lowerUp: 0x10000 } as const;

/** struct ifinfomsg: family u8, padding u8, hardware type u16, index i32, flags u32, change mask u32. */
const headerSize = 16;

/** The payload of a request for all interfaces. */
export function encodeLinkDump(): Uint8Array {
  return Buffer.concat([
    new Uint8Array(headerSize),
    encodeAttributes([[LinkAttribute.extendedMask, skipStatistics]]),
  ]);
}

/** The payload of a request for one interface, its statistics included. */
export function encodeLinkGet(interfaceIndex: number): Uint8Array {
  const header = new Uint8Array(headerSize);
  new DataView(header.buffer).setInt32(4, interfaceIndex, true);
  return header;
}

/**
 * Reads the payload of RTM_NEWLINK or RTM_DELLINK.
 * @throws ProtocolError
 */
export function decodeInterface(message: NetlinkMessage): NetworkInterface {
  const { payload, offset } = message;
  if (payload.length < headerSize) {
    throw new ProtocolError('truncated-message', offset, `link message of ${payload.length} bytes`);
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const flags = view.getUint32(8, true);
  const attributes = new Attributes(payload.subarray(headerSize), offset + headerSize);
  const name = attributes.text(LinkAttribute.name);
  if (name === undefined) {
    throw new ProtocolError(
      'missing-attribute',
      offset + headerSize,
      'link message without a name',
    );
  }
  const address = attributes.bytes(LinkAttribute.address);
  const info = attributes.nested(LinkAttribute.linkInfo);
  return {
    index: view.getInt32(4, true),
    name,
    mac: address?.length === 6 ? macFromBytes(address) : undefined,
    up: (flags & Flag.up) !== 0,
    carrier: (flags & Flag.lowerUp) !== 0,
    loopback: (flags & Flag.loopback) !== 0,
    noArp: (flags & Flag.noArp) !== 0,
    broadcast: (flags & Flag.broadcast) !== 0,
    mtu: attributes.u32(LinkAttribute.mtu) ?? 0,
    master: attributes.u32(LinkAttribute.master),
    parent: attributes.u32(LinkAttribute.link),
    kind: info?.text(InfoAttribute.kind),
    slaveKind: info?.text(InfoAttribute.slaveKind),
  };
}
