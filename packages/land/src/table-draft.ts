import type { ServiceProtocol } from '@fairlead/cluster';
import type { IpFamily } from '@fairlead/ip';
import type { NftChain, NftSet, NftTable } from './nft-table.ts';

/** How nftables calls an address's type. */
export const addressType = { 4: 'ipv4_addr', 6: 'ipv6_addr' } as const satisfies Names;
/** How it calls the header that holds one. */
export const ip = { 4: 'ip', 6: 'ip6' } as const satisfies Names;

/**
 * https://www.iana.org/assignments/protocol-numbers; nft finds names in /etc/protocols, which small images
 * do not have.
 */
export const protocolNumber = { TCP: 6, UDP: 17, SCTP: 132 } as const satisfies Record<
  ServiceProtocol,
  number
>;

type Names = Readonly<Record<IpFamily, string>>;

/** The type of `address . protocol . port`. */
export function entryType(family: IpFamily): string {
  return `${addressType[family]} . inet_proto . inet_service`;
}

/** What is looked up by it: the same of a packet. */
export function entryExpression(family: IpFamily): string {
  return `${ip[family]} daddr . meta l4proto . th dport`;
}

/**
 * The most flows or clients in one set that packets fill. Whoever lists the table reads them all, which takes
 * libnftables some 10 µs and 1.2 KB of memory each; and there is a set of clients for each pod with affinity.
 */
export const packetSetSize = { flows: 4096, clients: 2048 } as const;

/** A table while it is put together. */
export class TableDraft implements NftTable {
  readonly counters = new Set<string>();
  readonly sets = new Map<string, NftSet>();
  readonly chains = new Map<string, NftChain>();
  readonly #elements = new Map<string, Map<string, string>>();

  addElements(name: string, kind: 'set' | 'map', type: string, keys: readonly string[]): void {
    const elements = new Map(keys.map((key) => [key, '']));
    this.#elements.set(name, elements);
    this.sets.set(name, { kind, declaration: `type ${type};`, elements });
  }

  setElement(name: string, key: string, value: string): void {
    this.#elements.get(name)?.set(key, value);
  }
}
