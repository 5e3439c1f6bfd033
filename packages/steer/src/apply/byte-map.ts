import { SystemError } from '@fairlead/linux';

/** What the stores need of a BPF map; a test's may be memory. */
export interface ByteMap {
  get(key: Uint8Array): Uint8Array | undefined;
  set(key: Uint8Array, value: Uint8Array): void;
  delete(key: Uint8Array): boolean;
  entries(): readonly { readonly key: Uint8Array; readonly value: Uint8Array }[];
}

/** Contents of a map, by the text of the key. */
export type Contents = ReadonlyMap<string, ContentsEntry>;

export interface ContentsEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A key as the text under which `Contents` has it. */
export function keyText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}

export function contentsOf(entries: Iterable<ContentsEntry>): Contents {
  return new Map(Array.from(entries, (entry) => [keyText(entry.key), entry]));
}

/**
 * Writes what is wanted and not held so. An entry is replaced in one step for whoever reads it.
 * @returns what the map had no room for, by the text of the key
 */
export function writeMissing(map: ByteMap, held: Contents, wanted: Contents): Set<string> {
  const refused = new Set<string>();
  for (const [text, { key, value }] of wanted) {
    const present = held.get(text);
    if (present !== undefined && Buffer.compare(present.value, value) === 0) continue;
    if (!hasRoom(() => map.set(key, value))) refused.add(text);
  }
  return refused;
}

/** Deletes what is held and not wanted. */
export function deleteStale(map: ByteMap, held: Contents, wanted: ReadonlyMap<string, unknown>) {
  for (const [text, { key }] of held) {
    if (!wanted.has(text)) map.delete(key);
  }
}

/** False where the map is full or the kernel out of memory; what else fails is thrown. */
export function hasRoom(write: () => void): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (error instanceof SystemError && (error.errno === 'E2BIG' || error.errno === 'ENOMEM')) {
      return false;
    }
    throw error;
  }
}
