import { isDeepStrictEqual } from 'node:util';
import type { ObjectKey } from '../object-key.ts';

/** Under which values an item is found. */
export type IndexFunction<P> = (item: P, key: ObjectKey) => readonly string[];

/** Items by key, and by each index. */
export class ObjectStore<P, I extends string> {
  readonly #items = new Map<ObjectKey, P>();
  readonly #functions: readonly (readonly [I, IndexFunction<P>])[];
  readonly #indexes: ReadonlyMap<I, Map<string, Set<ObjectKey>>>;

  constructor(functions: Readonly<Record<I, IndexFunction<P>>>) {
    this.#functions = Object.entries(functions) as [I, IndexFunction<P>][];
    this.#indexes = new Map(this.#functions.map(([name]) => [name, new Map()]));
  }

  get size(): number {
    return this.#items.size;
  }

  get(key: ObjectKey): P | undefined {
    return this.#items.get(key);
  }

  entries(): MapIterator<[ObjectKey, P]> {
    return this.#items.entries();
  }

  keys(): MapIterator<ObjectKey> {
    return this.#items.keys();
  }

  values(): MapIterator<P> {
    return this.#items.values();
  }

  /** In no particular order. */
  keysBy(index: I, value: string): readonly ObjectKey[] {
    return [...(this.#indexes.get(index)?.get(value) ?? [])];
  }

  /** @returns whether anything changed; an equal item leaves the one that is there */
  set(key: ObjectKey, item: P): boolean {
    const previous = this.#items.get(key);
    if (previous !== undefined && isDeepStrictEqual(previous, item)) return false;
    // First all that may throw.
    const values = this.#functions.map(([name, of]) => [name, of(item, key)] as const);
    if (previous !== undefined) this.#unindex(key, previous);
    this.#items.set(key, item);
    for (const [name, found] of values) {
      const index = this.#indexes.get(name);
      for (const value of found) {
        const keys = index?.get(value);
        if (keys === undefined) index?.set(value, new Set([key]));
        else keys.add(key);
      }
    }
    return true;
  }

  /** @returns whether there was one */
  delete(key: ObjectKey): boolean {
    const previous = this.#items.get(key);
    if (previous === undefined) return false;
    this.#unindex(key, previous);
    return this.#items.delete(key);
  }

  #unindex(key: ObjectKey, item: P): void {
    for (const [name, of] of this.#functions) {
      const index = this.#indexes.get(name);
      for (const value of of(item, key)) {
        const keys = index?.get(value);
        keys?.delete(key);
        if (keys?.size === 0) index?.delete(value);
      }
    }
  }
}
