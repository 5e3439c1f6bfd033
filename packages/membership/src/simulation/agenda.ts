interface Entry {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** What happens when, in virtual nanoseconds; what is due at the same time happens in the order it was added. */
export class Agenda {
  readonly #heap: Entry[] = [];
  #order = 0;

  /** When the next thing happens; Infinity where nothing does. */
  get next(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  add(at: number, run: () => void): void {
    const entry = { at, order: this.#order, run };
    this.#order += 1;
    const heap = this.#heap;
    let index = heap.length;
    heap.push(entry);
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !before(entry, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = entry;
  }

  take(): Entry | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      let child = heap[below];
      if (child === undefined) break;
      const right = heap[below + 1];
      if (right !== undefined && before(right, child)) {
        below += 1;
        child = right;
      }
      if (!before(child, last)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = last;
    return first;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
