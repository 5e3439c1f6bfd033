import { inspect } from 'node:util';
import type { ClusterState } from '../state.ts';

const longestWaitMs = 10_000;

/** The states that a source has told, for tests that wait for one. */
export class StateView {
  #newest: ClusterState | undefined;
  #wake = () => {};

  add(state: ClusterState): void {
    this.#newest = state;
    this.#wake();
  }

  /** The first state from now on, the present one included, that fulfils the condition. */
  async until(what: string, condition: (state: ClusterState) => boolean): Promise<ClusterState> {
    const deadline = AbortSignal.timeout(longestWaitMs);
    for (;;) {
      if (this.#newest !== undefined && condition(this.#newest)) return this.#newest;
      if (deadline.aborted) {
        throw new Error(`no state with ${what}; the newest is ${inspect(this.#newest)}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }
}
