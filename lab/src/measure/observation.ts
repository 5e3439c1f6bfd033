import type { IpAddress, MacAddress } from '@fairlead/ip';
import { decodeArp, decodeEthernet, decodeNdp, etherTypes, type EthernetFrame } from '@fairlead/l2';
import { ProtocolError } from '@fairlead/wire';

/** The observer has asked for every address. All times are `monotonicMs`. */
export interface Asked {
  readonly kind: 'asked';
  readonly atMs: number;
}

/** Somebody answered the observer. */
export interface Answer {
  readonly kind: 'answer';
  /** When the kernel took the frame in. */
  readonly atMs: number;
  readonly address: IpAddress;
  readonly mac: MacAddress;
}

/** Somebody claimed an address without having been asked by the observer. */
export interface Claim {
  readonly kind: 'claim';
  readonly atMs: number;
  readonly address: IpAddress;
  readonly mac: MacAddress;
  readonly form: 'arp-request' | 'arp-reply' | 'neighbour-solicitation' | 'neighbour-advertisement';
}

export type Observation = Asked | Answer | Claim;

/** What a frame says about who has an address; undefined where it says nothing, or is malformed. */
export function observe(
  frame: Uint8Array,
  atMs: number,
  observer: MacAddress,
): Answer | Claim | undefined {
  try {
    const ethernet = decodeEthernet(frame);
    switch (ethernet.etherType) {
      case etherTypes.arp:
        return observeArp(ethernet, atMs, observer);
      case etherTypes.ipv6:
        return observeNdp(ethernet, atMs, observer);
      default:
        return undefined;
    }
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function observeArp(frame: EthernetFrame, atMs: number, observer: MacAddress): Answer | Claim {
  const { operation, senderIp: address, senderMac: mac } = decodeArp(frame.payload);
  return operation === 'reply' && frame.destination === observer
    ? { kind: 'answer', atMs, address, mac }
    : { kind: 'claim', atMs, address, mac, form: `arp-${operation}` };
}

function observeNdp(frame: EthernetFrame, atMs: number, observer: MacAddress): Answer | Claim {
  const message = decodeNdp(frame.payload);
  if (message.kind === 'solicitation') {
    const mac = message.sourceMac ?? frame.source;
    const form = 'neighbour-solicitation';
    return { kind: 'claim', atMs, address: message.source, mac, form };
  }
  const { target: address, targetMac: mac = frame.source } = message;
  return message.solicited && frame.destination === observer
    ? { kind: 'answer', atMs, address, mac }
    : { kind: 'claim', atMs, address, mac, form: 'neighbour-advertisement' };
}
