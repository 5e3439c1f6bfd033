import { backoffMs, type BackoffPolicy, type Random } from '../backoff.ts';
import type { KubeClient } from '../client/kube-client.ts';
import type { KubeObject, Resource } from '../client/resource.ts';
import { sleep, type Clock } from '../clock.ts';

export interface ReachabilityOptions {
  readonly client: KubeClient;
  /** Of which one object is read: a kind that we may list anyway. */
  readonly resource: Resource<KubeObject>;
  readonly namespace?: string | undefined;
  readonly random: Random;
  /** Between two questions. Default 10 000. */
  readonly everyMs?: number | undefined;
  /** Until an answer is none. Default 5 000. */
  readonly timeoutMs?: number | undefined;
  /** Called at the first failure and the first success after that. */
  readonly onChange?: ((state: Reachability) => void) | undefined;
}

export type Reachability =
  | { readonly reachable: true }
  | { readonly reachable: false; readonly error: Error };

/** What an informer wants to know. */
export interface ReachabilityListener {
  /** The server has answered a question that was asked at `askedMs`. */
  readonly reached: (askedMs: number) => void;
  /** It has answered after it had not since `failedMs`. */
  readonly recovered: (failedMs: number) => void;
}

/** Cheap and frequent while the server is away, as one question stands for all informers. */
const retryPolicy: BackoffPolicy = { initialMs: 200, maximumMs: 1_000, factor: 2, jitter: 0.3 };

/**
 * Asks the API server from time to time for something that it must look up (a list of one object, which needs
 * etcd): a quiet watch alone cannot tell a cluster at rest from one that we no longer hear. One for each client.
 */
export class ReachabilityProbe {
  readonly #options: ReachabilityOptions;
  readonly #clock: Clock;
  readonly #listeners = new Set<ReachabilityListener>();
  #failures = 0;
  #failedMs = 0;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
    this.#clock = options.client.clock;
  }

  listen(listener: ReachabilityListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Asks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { random, everyMs = 10_000 } = this.#options;
    while (!signal.aborted) {
      await this.#ask(signal);
      const delayMs =
        this.#failures === 0
          ? everyMs * (1 - 0.1 * random())
          : backoffMs(retryPolicy, this.#failures, random);
      try {
        await sleep(this.#clock, delayMs, signal);
      } catch {
        // Aborted: that is how it ends.
        return;
      }
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { client, resource, namespace, timeoutMs = 5_000, onChange } = this.#options;
    const askedMs = this.#clock.nowMs();
    try {
      await client.listPage(resource, { namespace, limit: 1, timeoutMs, signal });
    } catch (error) {
      if (signal.aborted) return;
      this.#failures += 1;
      if (this.#failures === 1) this.#failedMs = this.#clock.nowMs();
      if (this.#failures === 1) onChange?.({ reachable: false, error: error as Error });
      return;
    }
    const recovered = this.#failures > 0;
    this.#failures = 0;
    if (recovered) onChange?.({ reachable: true });
    for (const listener of this.#listeners) {
      listener.reached(askedMs);
      if (recovered) listener.recovered(this.#failedMs);
    }
  }
}
