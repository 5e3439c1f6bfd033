import { createHash, hash, timingSafeEqual } from 'node:crypto';
import { macBytes, maximumDatagramBytes } from './layout.ts';

/** Of SHA-256 (RFC 2104 §2: B and L). */
const blockBytes = 64;
const digestBytes = 32;

/** A shared secret that signs heartbeats. It is private, so that printing a key does not show it. */
export class MembershipKey {
  /** 1 to 2^32 - 1, the same on every node. */
  readonly id: number;
  /** The padded key, and room behind it for what is to be hashed. */
  readonly #inner: Uint8Array;
  readonly #outer: Uint8Array;

  constructor(id: number, secret: Uint8Array) {
    this.id = id;
    const key = secret.length > blockBytes ? digest(secret) : secret;
    this.#inner = padded(key, 0x36, maximumDatagramBytes);
    this.#outer = padded(key, 0x5c, digestBytes);
  }

  /**
   * HMAC-SHA256 of the bytes, as RFC 2104 §2 puts it together: hundreds of heartbeats a second are verified, and
   * making one of Node's Hmac objects for each costs more than to hash twice.
   */
  sign(bytes: Uint8Array): Uint8Array {
    const inner = this.#inner;
    inner.set(bytes, blockBytes);
    this.#outer.set(digest(inner.subarray(0, blockBytes + bytes.length)), blockBytes);
    return digest(this.#outer);
  }
}

function padded(key: Uint8Array, pad: number, roomBytes: number): Uint8Array {
  const bytes = new Uint8Array(blockBytes + roomBytes);
  bytes.set(key);
  for (let at = 0; at < blockBytes; at++) bytes[at] = (bytes[at] ?? 0) ^ pad;
  return bytes;
}

/** By way of text: a Buffer has memory of its own to be allocated and freed, 32 bytes of an array have not. */
function digest(bytes: Uint8Array): Uint8Array {
  const text = hash('sha256', bytes, 'latin1');
  const result = new Uint8Array(digestBytes);
  for (let at = 0; at < digestBytes; at++) result[at] = text.charCodeAt(at);
  return result;
}

/**
 * The keys that are valid now: the first signs, all verify, so that a key is changed without a lost
 * heartbeat: add the new one everywhere, then put it first, then drop the old one.
 */
export type Keyring = readonly [MembershipKey] | readonly [MembershipKey, MembershipKey];

/** No key: heartbeats are neither signed nor verified. For simulations only. */
export const unauthenticated = 'unauthenticated';

export type HeartbeatKeys = Keyring | typeof unauthenticated;

/** A key whose id follows from the secret, so that nobody has to number keys. */
export function membershipKey(secret: Uint8Array): MembershipKey {
  if (secret.length < 16) {
    throw new RangeError(`a membership key has at least 16 bytes, not ${secret.length}`);
  }
  const id = createHash('sha256').update('fairlead membership key id\0').update(secret).digest();
  return new MembershipKey(id.readUInt32BE(0) || 1, secret);
}

/** Whether the MAC is right; takes as long for a wrong one as for a right one. */
export function verify(key: MembershipKey, bytes: Uint8Array, mac: Uint8Array): boolean {
  return mac.length === macBytes && timingSafeEqual(key.sign(bytes), mac);
}
