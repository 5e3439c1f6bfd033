/**
 * Layout of a heartbeat; integers are big-endian.
 *
 *     magic "FLHB" (4) | version (1) | minimum version (1) | key id (4) | length (1) cluster id
 *     TLVs: type (1) | length (2) | value
 *     HMAC-SHA256 over all before it (32; absent where key id is 0)
 *
 * Magic, versions, key id, cluster id and the HMAC at the end keep their places in every version.
 */
export const magic = 0x464c4842;
export const fixedBytes = 11;
export const macBytes = 32;
/** A longer datagram is not read, and never written. */
export const maximumDatagramBytes = 16 * 1024;
export const maximumClusterIdBytes = 63;
export const maximumNodeNameBytes = 253;
export const maximumMacs = 8;

/** Types of TLV; a receiver skips those it does not know. */
export const tlvType = { sender: 1, macs: 2, peers: 3, holding: 4 } as const;

/** Bits of the sender's flags. */
export const senderFlag = { alone: 1, fresh: 2 } as const;

/** Bits of a peer entry's flags; the class takes bits 3 and 4. */
export const peerFlag = { heard: 1, live: 2, sameSequence: 4 } as const;
export const peerClassShift = 3;

/** How a set of buckets is written: whichever is the shortest. */
export const setForm = { members: 0, absentees: 1, bitmap: 2 } as const;
