import { abortable } from '../abortable.ts';
import { Backoff, type BackoffPolicy } from '../backoff.ts';
import type { KubeObject } from '../client/resource.ts';
import { sleep, type Clock } from '../clock.ts';
import type { ObjectKey } from '../object-key.ts';
import { ApiError } from '../transport/errors.ts';
import type { WatchEvent } from '../watch/watch-event.ts';
import { failureOf, UnfinishedRead, type InformerFailure } from './failure.ts';
import { Freshness } from './freshness.ts';
import type { InformerOptions } from './informer-options.ts';
import type { InformerProblem } from './problem.ts';
import { View } from './view.ts';

const defaultBackoff: BackoffPolicy = {
  initialMs: 200,
  maximumMs: 30_000,
  factor: 2,
  jitter: 0.5,
};
const defaultSilenceMs = 90_000;
/** The server ends a watch between one and two times this, so that not all come back together (as client-go). */
const watchSeconds = 300;
/** A watch that the server ends sooner is a failure, else we would ask again at once and for ever. */
const shortWatchMs = 1_000;
/** What lived so long was no failure of those before it. */
const steadyMs = 10_000;

/** A view of all objects of a kind that is kept up to date whatever happens, until it is told to stop. */
export class Informer<T extends KubeObject, P, I extends string = never> {
  readonly #options: InformerOptions<T, P, I>;
  readonly #clock: Clock;
  readonly #view: View<T, P, I>;
  readonly #backoff: Backoff;
  readonly #freshness: Freshness;
  readonly #firstSync = Promise.withResolvers<void>();
  /** What the store holds was so at this version; undefined: read everything. */
  #version: string | undefined;
  #watchList = true;
  #synced = false;
  #running = false;
  /** When the present watch was asked for; undefined while waiting. */
  #followingMs: number | undefined;
  #readMs = -Infinity;
  /** Ends the present wait or watch, so that the next begins now. */
  #hurry: AbortController | undefined;

  constructor(options: InformerOptions<T, P, I>) {
    this.#options = options;
    this.#clock = options.client.clock;
    this.#view = new View(options);
    this.#backoff = new Backoff(options.backoff ?? defaultBackoff, options.random);
    this.#freshness = new Freshness();
  }

  /** Whether everything has been read once. */
  get synced(): boolean {
    return this.#synced;
  }

  /** @throws the signal's reason where that aborts first */
  async whenSynced(signal?: AbortSignal): Promise<void> {
    await abortable(this.#firstSync.promise, signal);
  }

  /**
   * How long ago the view was surely what the server had, ms; infinite before the first time. While the watch is
   * open this is the age of the last question that the server answered: at most what the probe takes between two.
   * A watch that is cut without a sign while other connections work is noticed after 15 s (TCP), or after
   * `silenceMs` where something in between keeps the connection up.
   */
  get ageMs(): number {
    return this.#synced ? this.#freshness.ageMs(this.#clock.nowMs()) : Infinity;
  }

  get size(): number {
    return this.#view.store.size;
  }

  get(key: ObjectKey): P | undefined {
    return this.#view.store.get(key);
  }

  entries(): MapIterator<[ObjectKey, P]> {
    return this.#view.store.entries();
  }

  values(): MapIterator<P> {
    return this.#view.store.values();
  }

  /** Items with a value of an index, in no particular order. */
  keysBy(index: I, value: string): readonly ObjectKey[] {
    return this.#view.store.keysBy(index, value);
  }

  /** Follows the server until the signal aborts; nothing else ends it. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#running)
      throw new Error(`the informer of ${this.#options.resource.plural} runs already`);
    this.#running = true;
    using _listening = this.#options.probe?.listen({
      reached: (askedMs) => this.#freshness.reached(askedMs),
      recovered: (awayMs) => this.#recover(awayMs),
    });
    try {
      while (!signal.aborted) await this.#turn(signal);
    } finally {
      this.#freshness.closed();
      this.#running = false;
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    this.#hurry = new AbortController();
    const either = AbortSignal.any([signal, this.#hurry.signal]);
    const startedMs = this.#clock.nowMs();
    let delayMs = 0;
    this.#followingMs = startedMs;
    try {
      await this.#follow(either);
      this.#backoff.succeed();
    } catch (error) {
      if (this.#clock.nowMs() - startedMs >= steadyMs) this.#backoff.succeed();
      // Asked to begin anew, or to stop: neither is a failure.
      if (!either.aborted) delayMs = this.#fail(failureOf(error));
    } finally {
      this.#freshness.closed();
      this.#followingMs = undefined;
    }
    if (delayMs === 0 || either.aborted) return;
    try {
      await sleep(this.#clock, delayMs, either);
    } catch {
      // Woken early.
    }
  }

  /** Reads what is not known yet, and then changes until the server ends the watch. */
  async #follow(signal: AbortSignal): Promise<void> {
    if (this.#version === undefined && !this.#watchList) await this.#list(signal);
    const { client, resource, namespace, labelSelector, fieldSelector, random } = this.#options;
    const initial = this.#version === undefined;
    /** What the server still has, while it tells us. */
    let seen: Set<ObjectKey> | undefined = initial ? new Set() : undefined;
    const startedMs = this.#clock.nowMs();
    let told = false;
    const events = client.watch(resource, {
      namespace,
      labelSelector,
      fieldSelector,
      ...(initial ? { sendInitialEvents: true } : { resourceVersion: this.#version }),
      timeoutSeconds: Math.round(watchSeconds * (1 + random())),
      silenceMs: this.#options.silenceMs ?? defaultSilenceMs,
      signal,
      onOpen: (askedMs) => {
        if (!initial) this.#freshness.opened(askedMs);
      },
    });
    for await (const event of events) {
      if (!told && event.kind === 'error') this.#freshness.refused();
      told = true;
      this.#take(event, seen);
      if (seen !== undefined && event.kind === 'bookmark' && event.initialEventsEnd) {
        this.#finishReading(seen);
        seen = undefined;
        // Everything was told after it was asked for.
        this.#freshness.opened(startedMs);
      }
    }
    if (seen !== undefined)
      throw new UnfinishedRead('the watch ended before all objects were told');
    if (!told && this.#clock.nowMs() - startedMs < shortWatchMs) {
      throw new Error('the server ended the watch at once');
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { client, resource, namespace, labelSelector, fieldSelector } = this.#options;
    const selection = { namespace, labelSelector, fieldSelector, signal };
    const seen = new Set<ObjectKey>();
    let version = '';
    for await (const page of client.list(resource, selection)) {
      for (const object of page.items) this.#view.set(object, seen);
      version = page.resourceVersion;
    }
    this.#version = version;
    this.#finishReading(seen);
  }

  #take(event: WatchEvent<T>, seen: Set<ObjectKey> | undefined): void {
    switch (event.kind) {
      case 'added':
      case 'modified':
        this.#view.set(event.object, seen);
        break;
      case 'deleted':
        this.#view.delete(event.object);
        break;
      case 'bookmark':
        break;
      case 'unreadable':
        return this.#report({
          kind: 'unreadable',
          key: undefined,
          error: new Error(event.detail),
        });
      case 'error': {
        const { plural } = this.#options.resource;
        const { status } = event;
        throw new ApiError({ method: 'WATCH', path: plural }, status.code ?? 0, status, undefined);
      }
      default:
        event satisfies never;
    }
    // Until all is told, what we know is of no one version.
    if (seen !== undefined && !(event.kind === 'bookmark' && event.initialEventsEnd)) return;
    this.#version = versionOf(event);
    this.#freshness.heard(this.#clock.nowMs(), this.#options.probe !== undefined);
  }

  #finishReading(seen: ReadonlySet<ObjectKey>): void {
    this.#synced = true;
    this.#readMs = this.#clock.nowMs();
    this.#view.keepOnly(seen);
    this.#firstSync.resolve();
  }

  /** @returns how long to wait, ms */
  #fail(failure: InformerFailure): number {
    const initial = this.#version === undefined;
    if (initial && this.#watchList && failure.kind === 'refused') {
      this.#watchList = false;
      this.#report({ kind: 'watch-list-refused', error: failure.error });
      return 0;
    }
    if (failure.kind === 'expired' && !initial) {
      this.#version = undefined;
      this.#report({ kind: 'expired' });
      // Else two servers that disagree would make us read everything over and over.
      if (this.#clock.nowMs() - this.#readMs >= steadyMs) return 0;
    }
    if (failure.kind === 'garbled') this.#version = undefined;
    const ownMs = this.#backoff.fail();
    // A little more than asked for, each its own: all who were turned away would come back together.
    const askedMs = (failure.retryAfterMs ?? 0) * (1 + 0.2 * this.#options.random());
    const retryMs = Math.max(ownMs, askedMs);
    const { failures } = this.#backoff;
    this.#report({ kind: 'disconnected', error: failure.error, failures, retryMs });
    return retryMs;
  }

  /** The server was away since `awayMs` and is back: a watch from before may be dead without a sign. */
  #recover(awayMs: number): void {
    if (this.#followingMs === undefined || this.#followingMs < awayMs) this.#hurry?.abort();
  }

  #report(problem: InformerProblem): void {
    this.#options.onProblem?.(problem);
  }
}

function versionOf(
  event: Exclude<WatchEvent<KubeObject>, { kind: 'error' | 'unreadable' }>,
): string | undefined {
  return event.kind === 'bookmark' ? event.resourceVersion : event.object.metadata?.resourceVersion;
}
