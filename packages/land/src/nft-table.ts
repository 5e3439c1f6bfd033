/** The table that is ours, and the only one that is ever written. */
export const tableName = 'inet fairlead';

/**
 * An nftables table as plain data: what must be, and what a listing says is there. All text is as nft lists
 * it with numbers for names (`ct state 0x1`), which it also reads.
 */
export interface NftTable {
  readonly counters: ReadonlySet<string>;
  readonly sets: ReadonlyMap<string, NftSet>;
  readonly chains: ReadonlyMap<string, NftChain>;
}

export interface NftSet {
  readonly kind: 'set' | 'map';
  /** What stands between its braces, without the elements: `type ipv4_addr;`. */
  readonly declaration: string;
  /** By key; the value is empty in a set. Undefined where the packet path fills it and we keep out. */
  readonly elements: ReadonlyMap<string, string> | undefined;
}

export interface NftChain {
  /** `type nat hook prerouting priority -110; policy accept;`, or empty for a chain that is jumped to. */
  readonly hook: string;
  readonly rules: readonly string[];
}
