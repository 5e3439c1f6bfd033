import type { InformerChange, KubeObject } from '@fairlead/kube';
import { compareText } from '../../objects/join-endpoints.ts';
import {
  problemsOf,
  readObject,
  type ClusterObject,
  type ClusterObjectKind,
} from '../../objects/read-object.ts';
import type { ReadOptions } from '../../objects/read-options.ts';
import { StateAssembly } from '../../objects/state-assembly.ts';
import type { ClusterState, Problem } from '../../state.ts';

/** What is kept of an object of the API server. */
export interface KeptObject {
  readonly id: string;
  /** Undefined where it cannot be used. */
  readonly object: ClusterObject | undefined;
  readonly problems: readonly Problem[];
}

/** Reads an object, whatever is in it; undefined where it is not ours to read. */
export function keepObject(
  kind: ClusterObjectKind,
  value: KubeObject,
  options: ReadOptions,
): KeptObject | undefined {
  const read = readObject(kind, value, options);
  if (read.object === undefined && read.faults.length === 0) return undefined;
  return { id: read.id, object: read.object, problems: problemsOf(read) };
}

/** The state that the kept objects make, each judged by itself. */
export class KeptObjects {
  readonly #assembly = new StateAssembly();
  readonly #problemsOf = new Map<string, readonly Problem[]>();
  /** Undefined: to be made anew. */
  #problems: readonly Problem[] | undefined;

  apply(change: InformerChange<KeptObject>): void {
    const { previous } = change;
    const kept = change.kind === 'set' ? change.item : undefined;
    if (previous?.object !== undefined && previous.object.kind !== kept?.object?.kind) {
      this.#assembly.delete(previous.object);
    }
    if (kept?.object !== undefined) this.#assembly.set(kept.object);
    const problems = kept?.problems ?? [];
    if (problems.length === 0 && (previous?.problems ?? []).length === 0) return;
    this.#problems = undefined;
    const id = kept?.id ?? previous?.id ?? '';
    if (problems.length === 0) this.#problemsOf.delete(id);
    else this.#problemsOf.set(id, problems);
  }

  /** The same object as last time where nothing has changed. */
  state(clusterId: string): ClusterState {
    this.#problems ??= [...this.#problemsOf]
      .sort(([a], [b]) => compareText(a, b))
      .flatMap(([, problems]) => problems);
    return this.#assembly.state(clusterId, this.#problems);
  }
}
