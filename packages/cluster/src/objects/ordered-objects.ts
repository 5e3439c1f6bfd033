import { compareText } from './join-endpoints.ts';
import type { ClusterObject } from './read-object.ts';
import { unchanged } from './unchanged.ts';

/** Objects of one kind in order. The list of their values is another one only after a change. */
export class OrderedObjects<T extends ClusterObject> {
  readonly #compare: (a: T, b: T) => number;
  readonly #objects = new Map<string, T>();
  #list: readonly T[] = [];
  #values: readonly T['value'][] = [];
  /** What the list still holds of the ids that have changed since. */
  readonly #outdated = new Map<string, T | undefined>();

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare;
  }

  /** Takes an object, or its newer version; where it equals the one in the list, the value of that one stays. */
  set(object: T): void {
    const { id } = object;
    const present = this.#objects.get(id);
    const listed = this.#outdated.has(id) ? this.#outdated.get(id) : present;
    const value = unchanged(listed?.value, object.value);
    if (present?.value === value && present.createdMs === object.createdMs) return;
    if (!this.#outdated.has(id)) this.#outdated.set(id, present);
    this.#objects.set(id, value === object.value ? object : { ...object, value });
  }

  delete(id: string): void {
    const present = this.#objects.get(id);
    if (present === undefined) return;
    if (!this.#outdated.has(id)) this.#outdated.set(id, present);
    this.#objects.delete(id);
  }

  values(): readonly T['value'][] {
    if (this.#outdated.size === 0) return this.#values;
    // Few changes are put in their places one by one; many are sorted with all the rest.
    this.#list =
      this.#outdated.size * 2 > this.#list.length
        ? [...this.#objects.values()].sort(this.#compare)
        : this.#patched();
    this.#outdated.clear();
    this.#values = this.#list.map(({ value }) => value);
    return this.#values;
  }

  #patched(): readonly T[] {
    const compare = this.#compare;
    let list = this.#list;
    for (const [id, old] of this.#outdated) {
      const object = this.#objects.get(id);
      if (old !== undefined) {
        const place = list.indexOf(
          old,
          firstIndex(list, (other) => compare(other, old) >= 0),
        );
        if (object !== undefined && compare(old, object) === 0) {
          list = list.with(place, object);
          continue;
        }
        list = list.toSpliced(place, 1);
      }
      if (object === undefined) continue;
      const behind = firstIndex(list, (other) => compare(other, object) > 0);
      list = list.toSpliced(behind, 0, object);
    }
    return list;
  }
}

/** Where the list, in which `holds` is first false and then true, begins to fulfil it. */
function firstIndex<T>(list: readonly T[], holds: (item: T) => boolean): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = list[middle];
    if (item !== undefined && holds(item)) high = middle;
    else low = middle + 1;
  }
  return low;
}

export function byId(a: ClusterObject, b: ClusterObject): number {
  return compareText(a.id, b.id);
}

/**
 * Those made in the same second by id. Pools that do not say when they were made keep the order in which they
 * came, which is that of their file.
 */
export function byCreation(a: ClusterObject, b: ClusterObject): number {
  if (a.createdMs !== b.createdMs) return a.createdMs < b.createdMs ? -1 : 1;
  return a.kind === 'AddressPool' && a.createdMs === Infinity ? 0 : byId(a, b);
}
