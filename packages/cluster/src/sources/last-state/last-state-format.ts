import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import type { ClusterState } from '../../state.ts';
import { Secret } from '../secret.ts';

/** All that an agent needs to go on without the API server. */
export interface LastState {
  readonly state: ClusterState;
  readonly keys: readonly Secret[];
}

/** A state, or why there is none in the bytes. */
export type DecodedLastState =
  | { readonly ok: true; readonly lastState: LastState }
  | { readonly ok: false; readonly message: string };

interface Content {
  readonly state: ClusterState;
  readonly keys: readonly Uint8Array[];
}

/*
 * magic (20 bytes) | version (4, big endian) | SHA-256 of all that follows and of the version (32) | content
 */
const magic = Buffer.from('fairlead last state\n');
/** Raise it when code that reads this version could not use what is written from then on, or the other way round. */
const version = 1;
const hashAt = magic.length + 4;
const contentAt = hashAt + 32;

/** The bytes hold the keys themselves. */
export function encodeLastState({ state, keys }: LastState): Uint8Array {
  const content = { state, keys: keys.map((key) => key.reveal()) } satisfies Content;
  const body = serialize(content);
  const head = Buffer.alloc(hashAt);
  magic.copy(head);
  head.writeUInt32BE(version, magic.length);
  return Buffer.concat([head, hashOf(head, body), body]);
}

/** Never throws. */
export function decodeLastState(bytes: Uint8Array): DecodedLastState {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (buffer.length < contentAt || !buffer.subarray(0, magic.length).equals(magic)) {
    return refused('is no last state of an agent, or only the beginning of one');
  }
  const written = buffer.readUInt32BE(magic.length);
  if (written !== version) {
    return refused(`has format ${written}, and this agent reads format ${version}`);
  }
  const body = buffer.subarray(contentAt);
  if (!hashOf(buffer.subarray(0, hashAt), body).equals(buffer.subarray(hashAt, contentAt))) {
    return refused('is damaged: its checksum does not fit');
  }
  try {
    const { state, keys } = deserialize(body) as Content;
    return {
      ok: true,
      lastState: { state, keys: keys.map((key) => new Secret(new Uint8Array(key))) },
    };
  } catch (error) {
    // Whole, but of a JavaScript engine that writes what ours does not know.
    return refused(`cannot be read: ${(error as Error).message}`);
  }
}

function hashOf(head: Uint8Array, body: Uint8Array): Buffer {
  return createHash('sha256').update(head).update(body).digest();
}

function refused(message: string): DecodedLastState {
  return { ok: false, message };
}
