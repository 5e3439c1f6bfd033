import {
  ReachabilityProbe,
  resources,
  type InformerChange,
  type KubeClient,
  type KubeObject,
  type Random,
  type Resource,
} from '@fairlead/kube';
import type { Namespace, Secret as SecretObject } from 'kubernetes-types/core/v1.d.ts';
import { problemOf } from '../../objects/converted.ts';
import type { ClusterObjectKind } from '../../objects/read-object.ts';
import type { Reader, ReadOptions, ServiceOptions } from '../../objects/read-options.ts';
import type { Problem } from '../../state.ts';
import type { Secret } from '../secret.ts';
import { isSameUpdate, type SourceUpdate } from '../source.ts';
import { FollowedKind, type Followed } from './followed-kind.ts';
import { keepObject, KeptObjects, type KeptObject } from './kept-objects.ts';
import { readMembershipSecret, type MembershipKeys } from './membership-secret.ts';
import { Outage } from './outage.ts';
import { ownResources } from './own-resources.ts';

export interface KubernetesSourceOptions extends ServiceOptions {
  readonly client: KubeClient;
  /** Of the Secret `membership`. */
  readonly namespace: string;
  readonly reader: Reader;
  readonly random: Random;
}

const secretName = 'membership';
/** The UID of this namespace is the identity of the cluster. */
const identityNamespace = 'kube-system';

/** What the API server has, followed until told to stop. */
export class KubernetesSource {
  readonly #options: KubernetesSourceOptions;
  readonly #onUpdate: (update: SourceUpdate) => void;
  readonly #readOptions: ReadOptions;
  readonly #outage: Outage;
  readonly #probe: ReachabilityProbe;
  readonly #secret: FollowedKind<SecretObject, MembershipKeys>;
  readonly #namespaces: FollowedKind<Namespace, KeptObject>;
  readonly #kinds: readonly Followed[];
  readonly #objects = new KeptObjects();
  #clusterId: string | undefined;
  #membership: MembershipKeys | undefined;
  /** The last good ones. */
  #keys: readonly Secret[] = [];
  /** Whether all kinds have been read once. */
  #complete = false;
  #scheduled: NodeJS.Immediate | undefined;
  #told: SourceUpdate | undefined;
  readonly #failed = Promise.withResolvers<never>();

  constructor(options: KubernetesSourceOptions, onUpdate: (update: SourceUpdate) => void) {
    this.#options = options;
    this.#onUpdate = onUpdate;
    const { client, random, reader, requireClass = false, namespace } = options;
    this.#readOptions = { requireClass, reader };
    this.#outage = new Outage(client, () => this.#schedule());
    this.#probe = new ReachabilityProbe({
      client,
      // Of the kinds that every reader may list the one with the smallest objects.
      resource: resources.endpointSlices,
      random,
      onChange: (state) => this.#outage.probed(state),
    });
    const common = {
      client,
      random,
      probe: this.#probe,
      outage: this.#outage,
      onNews: () => this.#schedule(),
    };
    this.#secret = new FollowedKind({
      ...common,
      resource: resources.secrets,
      namespace,
      name: secretName,
      dispensable: true,
      project: readMembershipSecret,
      onChange: (change) => this.#takeKeys(change),
    });
    this.#namespaces = new FollowedKind({
      ...common,
      resource: resources.namespaces,
      // Labels of namespaces count for allocation only.
      name: reader === 'agent' ? identityNamespace : undefined,
      project: (namespace) => {
        this.#identify(namespace);
        return keepObject('Namespace', namespace, this.#readOptions);
      },
      onChange: (change) => this.#takeObject(change),
    });
    const follow = (kind: ClusterObjectKind, resource: Resource<KubeObject>): Followed =>
      new FollowedKind<KubeObject, KeptObject>({
        ...common,
        resource,
        project: (object) => keepObject(kind, object, this.#readOptions),
        onChange: (change) => this.#takeObject(change),
      });
    this.#kinds = [
      this.#secret,
      this.#namespaces,
      follow('Service', resources.services),
      follow('EndpointSlice', resources.endpointSlices),
      follow('Node', resources.nodes),
      follow('AddressPool', ownResources.addressPools),
      follow('Announcement', ownResources.announcements),
      follow('NodeReport', ownResources.nodeReports),
    ];
  }

  /**
   * Follows the API server until the signal aborts, and then resolves. The first state is told when all kinds
   * have been read; until then problems are. Rejects with whatever `onUpdate` throws.
   */
  async run(signal: AbortSignal): Promise<void> {
    const stopping = new AbortController();
    const either = AbortSignal.any([signal, stopping.signal]);
    const running = this.#kinds.map((kind) => kind.run(either));
    // Informers hear first what the probe finds out: their ages are right when we look.
    using _listening = this.#probe.listen({
      reached: (askedMs) => {
        this.#outage.reached(askedMs);
        this.#schedule();
      },
      recovered: () => {},
    });
    running.push(this.#probe.run(either));
    try {
      await Promise.race([Promise.all(running), this.#failed.promise]);
    } finally {
      stopping.abort();
      await Promise.all(running);
      this.#outage[Symbol.dispose]();
      clearImmediate(this.#scheduled);
    }
  }

  /** How long ago all that is known was surely what the server had, ms; infinite before the first time. */
  get ageMs(): number {
    return Math.max(...this.#kinds.map(({ ageMs }) => ageMs));
  }

  #takeObject(change: InformerChange<KeptObject>): void {
    this.#objects.apply(change);
    this.#schedule();
  }

  #takeKeys(change: InformerChange<MembershipKeys>): void {
    this.#membership = change.kind === 'set' ? change.item : undefined;
    if (this.#membership !== undefined && this.#membership.keys.length > 0) {
      this.#keys = this.#membership.keys;
    }
    this.#schedule();
  }

  #identify({ metadata }: Namespace): void {
    if (metadata?.name === identityNamespace) this.#clusterId = metadata.uid ?? this.#clusterId;
  }

  /** What changes within one turn is told at once. */
  #schedule(): void {
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined;
      try {
        this.#tell();
      } catch (error) {
        this.#failed.reject(error);
      }
    });
  }

  #tell(): void {
    this.#complete ||= this.#kinds.every(({ settled }) => settled);
    const clusterId = this.#complete ? this.#clusterId : undefined;
    const state = clusterId === undefined ? undefined : this.#objects.state(clusterId);
    const problems = this.#problems();
    if (state === undefined && problems.length === 0 && this.#told === undefined) return;
    const update: SourceUpdate = { state, keys: this.#keys, problems };
    if (this.#told !== undefined && isSameUpdate(this.#told, update)) return;
    this.#told = update;
    this.#onUpdate(update);
  }

  #problems(): readonly Problem[] {
    const { problem: outage } = this.#outage;
    return [
      ...(outage === undefined ? [] : [outage]),
      ...this.#kinds.flatMap(({ problems }) => problems),
      ...this.#secretProblems(),
      ...this.#identityProblems(),
    ];
  }

  #secretProblems(): readonly Problem[] {
    if (!this.#secret.synced) return [];
    const object = `Secret/${this.#options.namespace}/${secretName}`;
    const consequence =
      this.#keys.length === 0
        ? ' Until then agents use the keys that they have saved, and those that have none answer for no address.'
        : ' The last good keys are used until then.';
    const missing = {
      field: '',
      value: '',
      message:
        'Does not exist, so heartbeats cannot be signed. The controller makes it: see that it runs, and what it says.',
    };
    const fault = this.#membership === undefined ? missing : this.#membership.fault;
    if (fault === undefined) return [];
    return [problemOf(object, { ...fault, message: `${fault.message}${consequence}` })];
  }

  #identityProblems(): readonly Problem[] {
    if (!this.#complete || this.#clusterId !== undefined) return [];
    const message = 'Does not exist, and its UID is the identity of the cluster. Create it.';
    return [{ object: `Namespace/${identityNamespace}`, field: '', value: '', message }];
  }
}
