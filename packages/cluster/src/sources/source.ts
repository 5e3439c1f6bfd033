import type { ClusterState, Problem } from '../state.ts';
import type { Secret } from './secret.ts';

/** What a source tells each time that something has changed. */
export interface SourceUpdate {
  /** The newest good state; undefined until there has been one. */
  readonly state: ClusterState | undefined;
  /** Keys of the membership, one or two: the first signs, all verify. Empty until there has been one. */
  readonly keys: readonly Secret[];
  /**
   * What is wrong with the source itself, as a file that is missing or broken: `state` and `keys` are then
   * the last good ones. What is wrong with single objects is in `state.problems`.
   */
  readonly problems: readonly Problem[];
}

/** Whether two updates of one source say the same. A source makes a state anew only where something has changed. */
export function isSameUpdate(a: SourceUpdate, b: SourceUpdate): boolean {
  return isSameKnowledge(a, b) && JSON.stringify(a.problems) === JSON.stringify(b.problems);
}

/** Whether state and keys are the same, whatever the problems: then what was saved need not be saved again. */
export function isSameKnowledge(a: SourceUpdate, b: SourceUpdate): boolean {
  return (
    a.state === b.state &&
    a.keys.length === b.keys.length &&
    a.keys.every((key, index) => b.keys[index]?.equals(key))
  );
}

/** Whether two updates, both with a state, say the same but for these parts of it. */
export function isSameBut(
  a: SourceUpdate,
  b: SourceUpdate,
  ...parts: readonly (keyof ClusterState)[]
): boolean {
  if (a.state === undefined || b.state === undefined) return false;
  if (!isSameUpdate({ ...a, state: b.state }, b)) return false;
  const others = new Set(Object.keys({ ...a.state, ...b.state }) as (keyof ClusterState)[]);
  for (const part of parts) others.delete(part);
  for (const part of others) if (a.state[part] !== b.state[part]) return false;
  return true;
}
