/* Numbers of nftables, include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h and netfilter.h. */

/** NFNL_SUBSYS_NFTABLES, the upper byte of a message's type. */
export const nftablesSubsystem = 10;

/** NFT_MSG_…, with the subsystem. */
export const NftablesMessage = {
  newChain: messageType(3),
  deleteChain: messageType(5),
  newRule: messageType(6),
  deleteRule: messageType(8),
  newElements: messageType(12),
  deleteElements: messageType(14),
  newGeneration: messageType(15),
  getGeneration: messageType(16),
} as const;

function messageType(message: number): number {
  return (nftablesSubsystem << 8) | message;
}

/** NFPROTO_…, by what nft calls them. */
export const familyNumbers = { inet: 1, ip: 2, arp: 3, netdev: 5, bridge: 7, ip6: 10 } as const;

/** struct nfgenmsg: family u8, version u8, resource u16 in network order. */
export const nfgenmsgSize = 4;

export function encodeNfgenmsg(family: number, resource = 0): Uint8Array {
  return Uint8Array.of(family, 0, 0, resource);
}
