import { KubernetesSource, type SourceUpdate } from '@fairlead/cluster';
import { EventRecorder, LeaderElection, type KubeClient } from '@fairlead/kube';
import { ColdMemory } from '../cold-memory.ts';
import { listen, plainText, type ListenAddress, type Routes } from '../http.ts';
import { connectKubernetes, OWN_NAMESPACE } from '../kubernetes.ts';
import { createLog, ProblemLog, type Log } from '../log.ts';
import { renderMetrics } from '../metrics.ts';
import { VERSION } from '../version.ts';
import { controllerMetrics } from './controller-metrics.ts';
import { Leader } from './leader.ts';
import { WriteCounts } from './write-counts.ts';

export interface ControllerOptions {
  /** Undefined in a pod. */
  readonly kubeconfig: string | undefined;
  readonly logLevel: string;
  readonly metrics: ListenAddress | 'off';
  /** Leave Services without a class to somebody else. */
  readonly requireClass: boolean;
  /** Of this process, unlike that of any other. */
  readonly identity: string;
}

const lease = { namespace: OWN_NAMESPACE, name: 'fairlead-controller' };

/** Runs until SIGTERM or SIGINT; then gives leadership back and returns. */
export async function runController(options: ControllerOptions): Promise<void> {
  using client = await connectKubernetes(options.kubeconfig, 'fairlead-controller');
  const stop = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => stop.abort(signal);
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  try {
    await new Controller(options, client).run(stop.signal);
  } finally {
    // After a failure, too, nothing may keep the process alive.
    stop.abort();
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
  }
}

/** Follows the cluster, and while it leads decides what Services and pools are told. */
class Controller {
  readonly #options: ControllerOptions;
  readonly #client: KubeClient;
  readonly #log: Log;
  readonly #problemLog: ProblemLog;
  readonly #counts = new WriteCounts();
  readonly #source: KubernetesSource;
  readonly #events: EventRecorder;
  readonly #election: LeaderElection;
  readonly #synced = Promise.withResolvers<void>();
  #update: SourceUpdate = { state: undefined, keys: [], problems: [] };
  #leader: Leader | undefined;

  constructor(options: ControllerOptions, client: KubeClient) {
    const { identity, requireClass } = options;
    this.#options = options;
    this.#client = client;
    this.#log = createLog(options.logLevel, { controller: identity });
    this.#problemLog = new ProblemLog(this.#log);
    this.#source = new KubernetesSource(
      { client, namespace: OWN_NAMESPACE, reader: 'controller', random: Math.random, requireClass },
      (update) => this.#observe(update),
    );
    this.#events = new EventRecorder({
      client,
      controller: 'fairlead.dev/controller',
      instance: identity,
      random: Math.random,
      onFailure: (error, { reason }) => this.#log.warn({ err: error, reason }, 'an event is lost'),
    });
    this.#election = new LeaderElection({
      client,
      lease,
      identity,
      random: Math.random,
      lead: (signal) => this.#lead(signal),
      onChange: (leadership) => this.#log.info(leadership, 'leadership'),
      onFailure: (error) => this.#log.warn({ err: error }, 'the Lease cannot be had'),
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    const { metrics } = this.#options;
    this.#log.info({ version: VERSION }, 'controller starts');
    using _memory = new ColdMemory(this.#log);
    await using servers = new AsyncDisposableStack();
    if (metrics !== 'off') servers.use(await listen(metrics, this.#routes()));
    signal.addEventListener('abort', () => this.#synced.resolve(), { once: true });
    await Promise.all([this.#source.run(signal), this.#stand(signal)]);
    this.#log.info({ reason: String(signal.reason) }, 'controller ends');
  }

  /** A replica that cannot read the cluster must not keep another from leading. */
  async #stand(signal: AbortSignal): Promise<void> {
    await this.#synced.promise;
    if (!signal.aborted) await this.#election.run(signal);
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const leader = new Leader(
      {
        client: this.#client,
        namespace: OWN_NAMESPACE,
        events: this.#events,
        log: this.#log,
        counts: this.#counts,
        ageMs: () => this.#source.ageMs,
      },
      this.#update,
      signal,
    );
    this.#leader = leader;
    try {
      await Promise.all([leader.run(), this.#events.run(signal)]);
    } finally {
      this.#leader = undefined;
    }
  }

  #observe(update: SourceUpdate): void {
    this.#update = update;
    this.#leader?.observe(update);
    if (update.state !== undefined) this.#synced.resolve();
    this.#problemLog.update([...update.problems, ...(update.state?.problems ?? [])]);
  }

  #routes(): Routes {
    return {
      'GET /healthz': () => plainText(200, 'ok\n'),
      'GET /readyz': () => {
        const { state, problems } = this.#update;
        if (state !== undefined) return plainText(200, 'ok\n');
        return plainText(503, `${problems[0]?.message ?? 'the cluster has not been read yet'}\n`);
      },
      'GET /metrics': () =>
        plainText(
          200,
          renderMetrics(
            controllerMetrics({
              version: VERSION,
              leading: this.#election.leading,
              state: this.#update.state,
              pools: this.#leader?.pools ?? new Map(),
              writes: this.#counts.samples(),
              waiting: this.#leader?.waiting ?? 0,
              ageMs: this.#source.ageMs,
              eventsDropped: this.#events.dropped,
            }),
          ),
        ),
    };
  }
}
