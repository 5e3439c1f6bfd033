import { keyText, type ByteMap } from '../apply/byte-map.ts';

/** A map in memory that tells what is done to it. */
export class MemoryMap implements ByteMap {
  readonly #values = new Map<string, { readonly key: Uint8Array; readonly value: Uint8Array }>();
  /** Calls that change something, in order: `set KEY` or `delete KEY` in hexadecimal. */
  readonly log: string[] = [];

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#values.get(keyText(key))?.value;
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.log.push(`set ${key.toHex()}`);
    this.#values.set(keyText(key), { key: key.slice(), value: value.slice() });
  }

  delete(key: Uint8Array): boolean {
    this.log.push(`delete ${key.toHex()}`);
    return this.#values.delete(keyText(key));
  }

  entries() {
    return [...this.#values.values()];
  }

  /** The calls since this was asked last. */
  takeLog(): string[] {
    return this.log.splice(0);
  }
}
