import {
  ApiError,
  Informer,
  type InformerChange,
  type InformerProblem,
  type KubeClient,
  type KubeObject,
  type Random,
  type ReachabilityProbe,
  type Resource,
} from '@fairlead/kube';
import type { Problem } from '../../state.ts';
import type { Outage } from './outage.ts';

export interface FollowedKindOptions<T extends KubeObject, P> {
  readonly client: KubeClient;
  readonly resource: Resource<T>;
  readonly namespace?: string | undefined;
  /** The only object of its kind that is wanted. */
  readonly name?: string | undefined;
  /** Whether the state can be told without it where we may not read it. */
  readonly dispensable?: boolean;
  readonly project: (object: T) => P | undefined;
  readonly onChange: (change: InformerChange<P>) => void;
  /** Called when something about the following itself has changed: what it says of its problem, or whether it is settled. */
  readonly onNews: () => void;
  readonly probe: ReachabilityProbe;
  readonly outage: Outage;
  readonly random: Random;
}

/** What is asked of a kind whatever its objects are. */
export interface Followed {
  run(signal: AbortSignal): Promise<void>;
  /** Whether it is known what there is: everything was read, or there can be nothing. */
  readonly settled: boolean;
  /** How old the view is, ms, or the news that there can be nothing. */
  readonly ageMs: number;
  readonly problems: readonly Problem[];
}

interface Failure {
  readonly error: Error;
  readonly ms: number;
  /** When the first of those in a row came. */
  readonly firstMs: number;
  readonly count: number;
}

/** A failure that may pass by itself is told when it has come so often in a row: after some seconds. */
const manyFailures = 5;

/** All objects of one kind, and what is wrong with following them. */
export class FollowedKind<T extends KubeObject, P> implements Followed {
  readonly #options: FollowedKindOptions<T, P>;
  readonly #informer: Informer<T, P>;
  #failure: Failure | undefined;
  /** When the server last said that there can be nothing. */
  #absentMs: number | undefined;
  /** The last event or object that could not be used, until everything is read again. */
  #unreadable: Error | undefined;

  constructor(options: FollowedKindOptions<T, P>) {
    this.#options = options;
    const { client, resource, namespace, name, project, probe, random } = options;
    this.#informer = new Informer<T, P>({
      client,
      resource,
      namespace,
      fieldSelector: name === undefined ? undefined : `metadata.name=${name}`,
      project,
      probe,
      random,
      // Who has just applied the CRDs or a role shall not wait for long.
      backoff: { initialMs: 200, maximumMs: 10_000, factor: 2, jitter: 0.5 },
      onChange: (change) => options.onChange(change),
      onSynced: () => {
        this.#unreadable = undefined;
        options.onNews();
      },
      onProblem: (problem) => this.#hear(problem),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#informer.run(signal);
  }

  /** Whether everything was read. */
  get synced(): boolean {
    return this.#informer.synced;
  }

  get settled(): boolean {
    return this.#informer.synced || this.#absentMs !== undefined;
  }

  get ageMs(): number {
    const absentMs = this.#options.client.clock.nowMs() - (this.#absentMs ?? -Infinity);
    return Math.min(this.#informer.ageMs, absentMs);
  }

  get problems(): readonly Problem[] {
    const problem = this.#failureProblem();
    const unreadable = this.#unreadableProblem();
    return [problem, unreadable].filter((each) => each !== undefined);
  }

  /** A failure counts until the view was current again after it. */
  get #presentFailure(): Failure | undefined {
    const failure = this.#failure;
    if (failure === undefined) return undefined;
    const ageMs = this.#options.client.clock.nowMs() - failure.ms;
    if (this.#informer.ageMs < ageMs) this.#failure = undefined;
    return this.#failure;
  }

  #hear(problem: InformerProblem): void {
    switch (problem.kind) {
      case 'disconnected': {
        const { error, failures } = problem;
        const ms = this.#options.client.clock.nowMs();
        const firstMs = failures > 1 ? (this.#failure?.firstMs ?? ms) : ms;
        this.#failure = { error, count: failures, ms, firstMs };
        if (this.#isAbsence(error)) this.#absentMs = ms;
        this.#options.outage.suspect(error);
        break;
      }
      case 'unreadable':
      case 'callback-failed':
        this.#unreadable = problem.error;
        break;
      case 'expired':
      case 'watch-list-refused':
        return;
      default:
        problem satisfies never;
    }
    this.#options.onNews();
  }

  #isAbsence(error: Error): boolean {
    if (!(error instanceof ApiError)) return false;
    return error.notFound || (error.code === 403 && this.#options.dispensable === true);
  }

  #failureProblem(): Problem | undefined {
    const failure = this.#presentFailure;
    if (failure === undefined) return undefined;
    const { error, count, firstMs } = failure;
    const { resource } = this.#options;
    const plural = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`;
    if (error instanceof ApiError && error.notFound) {
      return {
        object: `CustomResourceDefinition/${plural}`,
        field: '',
        value: '',
        message: `Does not exist, so there can be no ${resource.kind}. Apply the files of deploy/crds, as in \`kubectl apply -f deploy/crds\`.`,
      };
    }
    if (error instanceof ApiError && error.code === 403) {
      const message = `May not be read: ${error.message}. Allow the verbs list and watch on ${this.#described} to this user or service account, as deploy/ does.`;
      return this.#problem(message);
    }
    // Where the server answers nobody, that is the problem.
    if (count < manyFailures || !this.#options.outage.hasAnsweredSince(firstMs)) return undefined;
    return this.#problem(
      `Cannot be followed: ${error.message}. What was read last is used. See what the API server has in its log.`,
    );
  }

  #unreadableProblem(): Problem | undefined {
    if (this.#unreadable === undefined) return undefined;
    return this.#problem(
      `Something could not be read: ${this.#unreadable.message}. One object may be out of date until it changes. See what stands between here and the API server.`,
    );
  }

  get #described(): string {
    const { resource, namespace, name } = this.#options;
    const group = resource.group === '' ? '' : ` (API group ${resource.group})`;
    const which = name === undefined ? '' : `, resource name ${name}`;
    const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
    return `the resource ${resource.plural}${group}${which}${where}`;
  }

  #problem(message: string): Problem {
    const { client, resource } = this.#options;
    return { object: `KubernetesAPI/${client.server}`, field: resource.plural, value: '', message };
  }
}
