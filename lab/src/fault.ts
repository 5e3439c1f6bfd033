import { monotonicMs } from './monotonic-clock.ts';

/** Something that was broken on purpose, until it is healed. */
export interface Fault extends AsyncDisposable {
  /** What, in words. */
  readonly what: string;
  /** Before this moment nothing was broken (`monotonicMs`). */
  readonly beganMs: number;
  /** From this moment on all of it was. */
  readonly completeMs: number;
  /** Takes back this fault and no other. Once is enough; again does nothing. */
  heal(): Promise<void>;
}

/** All that is broken in a lab at the time. */
export class Faults {
  readonly #active = new Set<Fault>();

  /** @param breaks Breaks something and returns what takes that back. */
  async begin(what: string, breaks: () => Promise<() => Promise<void>>): Promise<Fault> {
    const beganMs = monotonicMs();
    const undo = await breaks();
    const completeMs = monotonicMs();
    let healed: Promise<void> | undefined;
    const heal = (): Promise<void> => {
      this.#active.delete(fault);
      healed ??= undo();
      return healed;
    };
    const fault: Fault = { what, beganMs, completeMs, heal, [Symbol.asyncDispose]: heal };
    this.#active.add(fault);
    return fault;
  }

  async healAll(): Promise<void> {
    await Promise.all([...this.#active].map((fault) => fault.heal()));
  }
}
