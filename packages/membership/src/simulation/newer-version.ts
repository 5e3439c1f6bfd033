import { protocolVersion } from '../codec/heartbeat.ts';
import { unauthenticated, type HeartbeatKeys } from '../codec/keyring.ts';
import { macBytes } from '../codec/layout.ts';

/** Something more to say, in a TLV of a type that nobody knows. */
const unknownTlv = Uint8Array.of(200, 0, 3, 1, 2, 3);

/**
 * A heartbeat as a node would send it that speaks rules newer than ours and has something more to say.
 * @param minimumVersion the oldest rules that it can still apply
 */
export function asNewerVersion(
  datagram: Uint8Array,
  keys: HeartbeatKeys,
  minimumVersion: number,
): Uint8Array {
  const key = keys === unauthenticated ? undefined : keys[0];
  const body = datagram.subarray(0, datagram.length - (key === undefined ? 0 : macBytes));
  const sent = new Uint8Array(body.length + unknownTlv.length);
  sent.set(body);
  sent.set(unknownTlv, body.length);
  sent[4] = protocolVersion + 1;
  sent[5] = minimumVersion;
  return key === undefined ? sent : Buffer.concat([sent, key.sign(sent)]);
}
