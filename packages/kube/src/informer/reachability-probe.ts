import { backoffMs, type BackoffPolicy, type Random } from '../backoff.ts';
import type { KubeClient } from '../client/kube-client.ts';
import type { KubeObject, Resource } from '../client/resource.ts';
import { sleep, type Clock } from '../clock.ts';
import { ApiError } from '../transport/errors.ts';

export interface ReachabilityOptions {
  readonly client: KubeClient;
  /** Of which one object is read: a kind that we may list anyway. */
  readonly resource: Resource<KubeObject>;
  readonly namespace?: string | undefined;
  readonly random: Random;
  /** Between two questions. Default 10 000. A server that asks for patience gets no more than this. */
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
  /** It has answered after it had been away since `awayMs`. */
  readonly recovered: (awayMs: number) => void;
}

const defaultEveryMs = 10_000;
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
  /** What the last failure came with: a status, or 0 where there was no answer. */
  #failedWith = 0;
  /** Since when the server has been away. One that refuses is there, and so are the watches. */
  #awayMs: number | undefined;

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
    while (!signal.aborted) {
      const delayMs = await this.#ask(signal);
      try {
        await sleep(this.#clock, delayMs, signal);
      } catch {
        // Aborted: that is how it ends.
        return;
      }
    }
  }

  /** @returns how long to wait until the next question, ms */
  async #ask(signal: AbortSignal): Promise<number> {
    const { client, resource, namespace, timeoutMs = 5_000 } = this.#options;
    const askedMs = this.#clock.nowMs();
    try {
      await client.listPage(resource, { namespace, limit: 1, timeoutMs, signal });
    } catch (error) {
      return signal.aborted ? 0 : this.#fail(error as Error);
    }
    return this.#succeed(askedMs);
  }

  #succeed(askedMs: number): number {
    const { random, everyMs = defaultEveryMs, onChange } = this.#options;
    if (this.#failures > 0) onChange?.({ reachable: true });
    const awayMs = this.#awayMs;
    this.#failures = 0;
    this.#awayMs = undefined;
    for (const listener of this.#listeners) {
      listener.reached(askedMs);
      if (awayMs !== undefined) listener.recovered(awayMs);
    }
    return everyMs * (1 - 0.1 * random());
  }

  #fail(error: Error): number {
    const { random, everyMs = defaultEveryMs, onChange } = this.#options;
    const code = error instanceof ApiError ? error.code : 0;
    const refused = code >= 400 && code < 500;
    if (!refused) this.#awayMs ??= this.#clock.nowMs();
    this.#failures += 1;
    const isNews = this.#failures === 1 || code !== this.#failedWith;
    this.#failedWith = code;
    if (isNews) onChange?.({ reachable: false, error });
    const retryAfterMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    const ownMs = backoffMs(retryPolicy, this.#failures, random);
    return Math.max(ownMs, Math.min(retryAfterMs, everyMs));
  }
}
