import { addressFromBytes, isLinkLocal, type IpAddress } from '@fairlead/ip';
import { ProtocolError } from '@fairlead/wire';
import { AddressFamily } from '../sockets/socket-address.ts';
import { Attributes } from './attributes.ts';
import type { NetlinkMessage } from './message.ts';

/** An address of an interface (`ip address`). */
export interface InterfaceAddress {
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  readonly prefixLength: number;
  readonly scope: 'global' | 'site' | 'link' | 'host' | 'nowhere';
  /** IPv6: duplicate address detection is still on its way, so it must not be used (RFC 4862 §2). */
  readonly tentative: boolean;
  /** IPv6: somebody else on the link has it. */
  readonly dadFailed: boolean;
  /** IPv6: its preferred lifetime is over. */
  readonly deprecated: boolean;
  /** 169.254.0.0/16 or fe80::/10. */
  readonly linkLocal: boolean;
}

/** include/uapi/linux/rtnetlink.h */
export const AddressMessage = { new: 20, delete: 21, get: 22 } as const;

/** include/uapi/linux/if_addr.h */
const Attribute = { address: 1, local: 2, flags: 8 } as const;
const Flag = { dadFailed: 0x08, deprecated: 0x20, tentative: 0x40 } as const;

/** enum rt_scope_t; what is between two of them (never used by the kernel itself) counts as the wider. */
const scopes = [
  [255, 'nowhere'],
  [254, 'host'],
  [253, 'link'],
  [200, 'site'],
  [0, 'global'],
] as const;

/** struct ifaddrmsg: family u8, prefix length u8, flags u8, scope u8, index u32. */
const headerSize = 8;

/** The payload of a request for all addresses of both families. */
export function encodeAddressDump(): Uint8Array {
  return new Uint8Array(headerSize);
}

/**
 * Reads the payload of RTM_NEWADDR or RTM_DELADDR; undefined for a family other than IPv4 and IPv6.
 * @throws ProtocolError
 */
export function decodeInterfaceAddress(message: NetlinkMessage): InterfaceAddress | undefined {
  const { payload, offset } = message;
  if (payload.length < headerSize) {
    throw new ProtocolError(
      'truncated-message',
      offset,
      `address message of ${payload.length} bytes`,
    );
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const family = view.getUint8(0);
  if (family !== AddressFamily.inet && family !== AddressFamily.inet6) {
    return undefined;
  }
  const attributes = new Attributes(payload.subarray(headerSize), offset + headerSize);
  // On a point-to-point interface "address" is the other end and "local" is ours.
  const bytes = attributes.bytes(Attribute.local) ?? attributes.bytes(Attribute.address);
  const size = family === AddressFamily.inet ? 4 : 16;
  if (bytes?.length !== size) {
    throw new ProtocolError(
      'bad-address',
      offset + headerSize,
      `address of ${bytes?.length} bytes, not ${size}`,
    );
  }
  const address = addressFromBytes(bytes);
  const prefixLength = view.getUint8(1);
  if (prefixLength > size * 8) {
    throw new ProtocolError(
      'bad-prefix-length',
      offset + 1,
      `prefix length ${prefixLength} of ${address}`,
    );
  }
  const flags = attributes.u32(Attribute.flags) ?? view.getUint8(2);
  const scopeNumber = view.getUint8(3);
  return {
    interfaceIndex: view.getUint32(4, true),
    address,
    prefixLength,
    scope: scopes.find(([least]) => scopeNumber >= least)?.[1] ?? 'global',
    tentative: (flags & Flag.tentative) !== 0,
    dadFailed: (flags & Flag.dadFailed) !== 0,
    deprecated: (flags & Flag.deprecated) !== 0,
    linkLocal: isLinkLocal(address),
  };
}
