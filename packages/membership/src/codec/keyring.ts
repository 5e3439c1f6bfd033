import {
  createHash,
  createHmac,
  createSecretKey,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import { macBytes } from './layout.ts';

/** A shared secret that signs heartbeats. */
export interface MembershipKey {
  /** 1 to 2^32 - 1, the same on every node. */
  readonly id: number;
  /** Made once: hundreds of heartbeats a second are verified. */
  readonly secret: KeyObject;
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
  const digest = createHash('sha256')
    .update('fairlead membership key id\0')
    .update(secret)
    .digest();
  return { id: digest.readUInt32BE(0) || 1, secret: createSecretKey(secret) };
}

/** HMAC-SHA256 (RFC 2104) of the bytes. */
export function sign(key: MembershipKey, bytes: Uint8Array): Uint8Array {
  return createHmac('sha256', key.secret).update(bytes).digest();
}

/** Whether the MAC is right; takes as long for a wrong one as for a right one. */
export function verify(key: MembershipKey, bytes: Uint8Array, mac: Uint8Array): boolean {
  return mac.length === macBytes && timingSafeEqual(sign(key, bytes), mac);
}
