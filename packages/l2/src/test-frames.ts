import {
  addressFromBytes,
  macFromBytes,
  solicitedNodeGroup,
  type IpAddress,
  type MacAddress,
} from '@fairlead/ip';
import * as fc from 'fast-check';
import type { ArpPacket } from './arp.ts';
import { allNodesGroup } from './multicast.ts';
import type { NeighbourAdvertisement, NeighbourSolicitation } from './ndp.ts';

/** What the tests of this package feed to decoders: frames that Linux 6.18 sent, and records of all kinds. */

/** Two hosts on one veth: ...:01 has 192.0.2.1 and 2001:db8::1, ...:02 has 192.0.2.2 and 2001:db8::2. */
export const first = '02:00:00:00:00:01' as MacAddress;
export const second = '02:00:00:00:00:02' as MacAddress;

/** Frames as a packet socket on the first host's end saw them. */
export const captured = {
  /** The kernel asks for 192.0.2.2 before it sends. */
  arpRequest:
    'ffffffffffff02000000000108060001080006040001020000000001c0000201000000000000c0000202',
  arpReply: '02000000000102000000000208060001080006040002020000000002c0000202020000000001c0000201',
  /** `arping -0`: a probe, padded to 58 bytes. */
  arpProbe:
    'ffffffffffff02000000000108060001080006040001020000000001000000000000' +
    '00000000c000020200000000000000000000000000000000',
  /** With sysctl arp_notify, when the link comes up. */
  arpAnnouncement:
    'ffffffffffff02000000000208060001080006040001020000000002c0000202000000000000c0000202',
  solicitation:
    '3333ff00000202000000000186dd6000000000203aff20010db8000000000000000000000001' +
    'ff0200000000000000000001ff00000287001c270000000020010db80000000000000000000000020101020000000001',
  advertisement:
    '02000000000102000000000286dd6000000000203aff20010db8000000000000000000000002' +
    '20010db800000000000000000000000188008a716000000020010db80000000000000000000000020201020000000002',
  /** Duplicate address detection, with the nonce option of RFC 7527, which we skip. */
  duplicateAddressProbe:
    '3333ff00000102000000000186dd6000000000203aff00000000000000000000000000000000' +
    'ff0200000000000000000001ff0000018700111b0000000020010db80000000000000000000000010e01d404f2526771',
  /** With sysctl ndisc_notify, when the link comes up. */
  unsolicitedAdvertisement:
    '33330000000102000000000286dd6000000000203afffe80000000000000000000fffe000002' +
    'ff0200000000000000000000000000018800599820000000fe80000000000000000000fffe0000020201020000000002',
  routerSolicitation:
    '33330000000202000000000286dd6000000000103afffe80000000000000000000fffe000002' +
    'ff02000000000000000000000000000285007b2a000000000101020000000002',
  /** MLDv2, behind a hop-by-hop header. */
  multicastReport:
    '33330000001602000000000186dd600000000024000100000000000000000000000000000000' +
    'ff0200000000000000000000000000163a000502000001008f006f890000000104000000ff0200000000000000000001ff000001',
} as const;

export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex);
}

function bytes(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

export const macs: fc.Arbitrary<MacAddress> = bytes(6).map(macFromBytes);
const ipv4Addresses: fc.Arbitrary<IpAddress> = bytes(4).map(addressFromBytes);
/** Neither groups (ff00::/8) nor `::`. */
const ipv6Addresses: fc.Arbitrary<IpAddress> = bytes(16).map((address) => {
  return addressFromBytes(address.with(0, 0x20));
});

export const arpPackets: fc.Arbitrary<ArpPacket> = fc
  .tuple(fc.boolean(), macs, ipv4Addresses, macs, ipv4Addresses)
  .map(([ask, senderMac, senderIp, targetMac, targetIp]) => {
    return { operation: ask ? 'request' : 'reply', senderMac, senderIp, targetMac, targetIp };
  });

const solicitations: fc.Arbitrary<NeighbourSolicitation> = fc
  .tuple(ipv6Addresses, ipv6Addresses, fc.boolean(), fc.option(macs, { nil: undefined }))
  .map(([source, target, unicast, sourceMac]) => {
    const destination = unicast ? target : solicitedNodeGroup(target);
    return { kind: 'solicitation', source, destination, target, sourceMac };
  });

const duplicateAddressProbes: fc.Arbitrary<NeighbourSolicitation> = ipv6Addresses.map((target) => {
  const destination = solicitedNodeGroup(target);
  const source = '::' as IpAddress;
  return { kind: 'solicitation', source, destination, target, sourceMac: undefined };
});

const advertisements: fc.Arbitrary<NeighbourAdvertisement> = fc
  .tuple(
    ipv6Addresses,
    ipv6Addresses,
    fc.option(ipv6Addresses, { nil: undefined }),
    fc.option(macs, { nil: undefined }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([source, target, asker, targetMac, router, override]) => {
    const destination = asker ?? allNodesGroup;
    const solicited = asker !== undefined;
    const kind = 'advertisement';
    return { kind, source, destination, target, router, solicited, override, targetMac };
  });

export const ndpMessages = fc.oneof(solicitations, duplicateAddressProbes, advertisements);
