import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import type { ClusterState, LoadBalancerService } from '../../state.ts';
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

/** The first record. All others are lists of Services. */
interface Head {
  readonly state: Omit<ClusterState, 'services'>;
  readonly keys: readonly Uint8Array[];
}

/*
 * magic (20 bytes) | version (4, big endian) | records | SHA-256 of all before (32)
 * A record: length (4, big endian) | a value as V8 serializes it
 */
const magic = Buffer.from('fairlead last state\n');
/** Raise it when code that reads this version could not use what is written from then on, or the other way round. */
const version = 1;
const versionAt = magic.length;
const recordsAt = versionAt + 4;
const hashBytes = 32;
/** Services of one record: some 1 ms of work. */
const servicesPerRecord = 100;

/**
 * The bytes in parts, so that who writes them can do something else in between: 10 000 Services take some
 * 100 ms. They hold the keys themselves.
 */
export function* encodeLastState({ state, keys }: LastState): Generator<Uint8Array, void, void> {
  const hash = createHash('sha256');
  for (const part of partsBeforeHash(state, keys)) {
    hash.update(part);
    yield part;
  }
  yield hash.digest();
}

function* partsBeforeHash(
  { services, ...state }: ClusterState,
  keys: readonly Secret[],
): Generator<Uint8Array, void, void> {
  const beginning = Buffer.alloc(recordsAt);
  magic.copy(beginning);
  beginning.writeUInt32BE(version, versionAt);
  yield beginning;
  yield record({ state, keys: keys.map((key) => key.reveal()) } satisfies Head);
  for (let at = 0; at < services.length; at += servicesPerRecord) {
    yield record(services.slice(at, at + servicesPerRecord));
  }
}

function record(value: Head | readonly LoadBalancerService[]): Uint8Array {
  const bytes = serialize(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Never throws. */
export function decodeLastState(bytes: Uint8Array): DecodedLastState {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const hashAt = buffer.length - hashBytes;
  if (hashAt < recordsAt || !buffer.subarray(0, versionAt).equals(magic)) {
    return refused('is no last state of an agent, or only the beginning of one');
  }
  const written = buffer.readUInt32BE(versionAt);
  if (written !== version) {
    return refused(`has format ${written}, and this agent reads format ${version}`);
  }
  const content = buffer.subarray(0, hashAt);
  if (!createHash('sha256').update(content).digest().equals(buffer.subarray(hashAt))) {
    return refused('is damaged: its checksum does not fit');
  }
  try {
    const [head, ...lists] = recordsOf(content);
    const { state, keys } = head as Head;
    const services = lists.flatMap((list) => list as readonly LoadBalancerService[]);
    return {
      ok: true,
      lastState: {
        state: { ...state, services },
        // Copies: they shall not keep the whole file in memory.
        keys: keys.map((key) => new Secret(new Uint8Array(key))),
      },
    };
  } catch (error) {
    // Whole, but of a JavaScript engine that writes what ours does not know.
    return refused(`cannot be read: ${(error as Error).message}`);
  }
}

function recordsOf(content: Buffer): unknown[] {
  const values: unknown[] = [];
  for (let at = recordsAt; at < content.length;) {
    const begin = at + 4;
    at = begin + content.readUInt32BE(at);
    values.push(deserialize(content.subarray(begin, at)));
  }
  return values;
}

function refused(message: string): DecodedLastState {
  return { ok: false, message };
}
