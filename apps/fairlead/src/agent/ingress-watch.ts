import { tcIngressState } from '@fairlead/linux';

/** While a program is detached nobody answers, and no other node knows: an outage is to end within half a second. */
const LOOK_EVERY_MS = 250;

/** Looks whether somebody attached or detached programs at interfaces of ours: the kernel tells nobody of TCX. */
export class IngressWatch implements Disposable {
  readonly #onChange: () => void;
  readonly #timer: NodeJS.Timeout;
  #states = new Map<number, string>();

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  /** All is in order now at these interfaces, and no others matter. */
  settle(interfaceIndexes: readonly number[]): void {
    const known = this.#states;
    this.#states = new Map(
      interfaceIndexes.map((index) => [index, known.get(index) ?? tcIngressState(index)]),
    );
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    for (const [index, state] of this.#states) {
      if (tcIngressState(index) === state) continue;
      this.#states.delete(index);
      return this.#onChange();
    }
  }
}
