import { publishedAllocations } from '@fairlead/allocate';
import { concernsAddresses } from './concerns-addresses.ts';
import {
  isSameKnowledge,
  KubernetesSource,
  loadLastState,
  saveLastState,
  type NodeName,
  type SourceUpdate,
} from '@fairlead/cluster';
import type { KubeClient } from '@fairlead/kube';
import { OWN_NAMESPACE } from '../../kubernetes.ts';
import type { ObjectSource } from './object-source.ts';

export interface KubernetesObjectsOptions {
  readonly client: KubeClient;
  readonly self: NodeName;
  readonly requireClass: boolean;
  /** Where the last known state is kept for a start without the API server. */
  readonly lastStateDirectory: string;
  readonly onSaveFailure: (error: Error) => void;
}

/** An API server that answers within this after a start makes the last known state unnecessary. */
const PATIENCE_MS = 2000;
/** Changes come in bursts, and each save writes everything. */
const SAVE_EVERY_MS = 3000;
/** What could not be saved is tried again after this. */
const SAVE_AGAIN_MS = 60_000;
/** What changes of Services without an address is told with the next change of anything else, or after this. */
const UNHURRIED_MS = 100;
/** The API server is asked every 10 s: older than that, and one question more, is not fresh. */
const FRESH_MS = 15_000;

/** The objects of an API server, and while it cannot be heard the last ones that it told. */
export class KubernetesObjects implements ObjectSource {
  readonly name: string;
  readonly #options: KubernetesObjectsOptions;
  #source: KubernetesSource | undefined;
  /** What is in force: told by the API server, or read from the last known state. */
  #last: SourceUpdate = { state: undefined, keys: [], problems: [] };

  constructor(options: KubernetesObjectsOptions) {
    this.#options = options;
    this.name = options.client.server;
  }

  get fresh(): boolean {
    return (this.#source?.ageMs ?? Infinity) < FRESH_MS;
  }

  /** Agents never allocate: what a Service has is what the controller has written. */
  readonly allocations = publishedAllocations;

  readonly landingNodes: ObjectSource['landingNodes'] = ({ nodes }) => {
    const landing = nodes.filter(({ name, report }) => {
      // Our own landing is in place before anything is steered; the report follows.
      return name === this.#options.self || report?.landing === true;
    });
    return new Set(landing.map(({ name }) => name));
  };

  async follow(onUpdate: (update: SourceUpdate) => void, signal: AbortSignal): Promise<void> {
    const { client, requireClass } = this.#options;
    const saver = new Saver(this.#options);
    let unhurried: NodeJS.Timeout | undefined;
    const tell = (): void => {
      clearTimeout(unhurried);
      unhurried = undefined;
      onUpdate(this.#last);
    };
    const source = new KubernetesSource(
      { client, namespace: OWN_NAMESPACE, reader: 'agent', requireClass, random: Math.random },
      (update) => {
        const before = this.#last;
        this.#last = joined(before, update);
        if (update.state !== undefined) saver.keep(this.#last);
        if (concernsAddresses(before, this.#last)) tell();
        else unhurried ??= setTimeout(tell, UNHURRIED_MS);
      },
    );
    this.#source = source;
    const timer = setTimeout(() => void this.#recall(onUpdate), PATIENCE_MS);
    try {
      await source.run(signal);
    } finally {
      clearTimeout(timer);
      clearTimeout(unhurried);
      await saver.finish();
    }
  }

  /** Where the API server does not tell, what was saved counts. */
  async #recall(onUpdate: (update: SourceUpdate) => void): Promise<void> {
    if (this.#last.keys.length > 0) return;
    const saved = await loadLastState(this.#options.lastStateDirectory);
    // The API server may have answered meanwhile.
    const { state, problems } = this.#last;
    this.#last =
      state === undefined
        ? { ...saved, problems: [...problems, ...saved.problems] }
        : joined(saved, this.#last);
    onUpdate(this.#last);
  }
}

/**
 * What is in force after an update. Keys that the API server does not tell, because they may not be read or somebody
 * has removed them, are those of before. Pure.
 */
function joined(before: SourceUpdate, update: SourceUpdate): SourceUpdate {
  const { state, keys, problems } = update;
  if (state === undefined) return { ...before, problems };
  if (keys.length > 0 || before.state?.clusterId !== state.clusterId) return update;
  return { ...update, keys: before.keys };
}

/** Saves the newest update, not more often than every few seconds, one save at a time. */
class Saver {
  readonly #options: KubernetesObjectsOptions;
  #newest: SourceUpdate | undefined;
  #saved: SourceUpdate | undefined;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> | undefined;

  constructor(options: KubernetesObjectsOptions) {
    this.#options = options;
  }

  /** An update without keys is of no use, and would replace one that has them. */
  keep(update: SourceUpdate): void {
    if (update.keys.length === 0) return;
    if (this.#saved !== undefined && isSameKnowledge(update, this.#saved)) return;
    this.#newest = update;
    if (this.#saving === undefined) this.#timer ??= setTimeout(() => this.#begin(), SAVE_EVERY_MS);
  }

  /** Resolves when what was kept last is saved. */
  async finish(): Promise<void> {
    await this.#saving;
    this.#begin();
    await this.#saving;
    clearTimeout(this.#timer);
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const update = this.#newest;
    if (update === undefined) return;
    this.#newest = undefined;
    this.#saving = this.#save(update);
  }

  async #save(update: SourceUpdate): Promise<void> {
    try {
      await saveLastState(this.#options.lastStateDirectory, update);
      this.#saved = update;
    } catch (error) {
      this.#options.onSaveFailure(error as Error);
      this.#newest ??= update;
      this.#timer ??= setTimeout(() => this.#begin(), SAVE_AGAIN_MS);
    }
    this.#saving = undefined;
    if (this.#newest !== undefined) this.keep(this.#newest);
  }
}
