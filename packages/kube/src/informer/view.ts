import type { KubeObject } from '../client/resource.ts';
import { objectKey, type ObjectKey } from '../object-key.ts';
import type { InformerChange, InformerOptions } from './informer-options.ts';
import { ObjectStore, type IndexFunction } from './object-store.ts';

/** What is kept of the objects, and who is told when that changes. One object that cannot be used harms no other. */
export class View<T extends KubeObject, P, I extends string> {
  readonly store: ObjectStore<P, I>;
  readonly #options: InformerOptions<T, P, I>;

  constructor(options: InformerOptions<T, P, I>) {
    this.#options = options;
    this.store = new ObjectStore(options.indexes ?? ({} as Record<I, IndexFunction<P>>));
  }

  /** @param seen gets its key, unless it is left out */
  set(object: T, seen: Set<ObjectKey> | undefined): void {
    const { project } = this.#options;
    let key: ObjectKey | undefined;
    try {
      key = keyOf(object);
      const item = project(object);
      if (item === undefined) return this.#delete(key);
      const previous = this.store.get(key);
      seen?.add(key);
      if (this.store.set(key, item)) this.#tell({ kind: 'set', key, item, previous });
    } catch (error) {
      this.#options.onProblem?.({ kind: 'unreadable', key, error: error as Error });
      // What it was is no longer true; what it is we cannot use.
      if (key !== undefined) this.#delete(key);
    }
  }

  delete(object: T): void {
    this.#delete(keyOf(object));
  }

  /** Everything has been read: what was not seen is gone. */
  keepOnly(seen: ReadonlySet<ObjectKey>): void {
    for (const key of this.store.keys()) {
      if (!seen.has(key)) this.#delete(key);
    }
    this.#call(() => this.#options.onSynced?.());
  }

  #delete(key: ObjectKey): void {
    const previous = this.store.get(key);
    if (previous === undefined) return;
    this.store.delete(key);
    this.#tell({ kind: 'deleted', key, previous });
  }

  #tell(change: InformerChange<P>): void {
    this.#call(() => this.#options.onChange?.(change));
  }

  #call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.#options.onProblem?.({ kind: 'callback-failed', error: error as Error });
    }
  }
}

function keyOf({ metadata }: KubeObject): ObjectKey {
  if (metadata?.name === undefined) throw new Error('an object without a name');
  return objectKey({ namespace: metadata.namespace, name: metadata.name });
}
