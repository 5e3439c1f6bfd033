import type { Event } from 'kubernetes-types/events/v1.d.ts';
import type { Random } from '../backoff.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { resources } from '../client/resources.ts';
import { sleep, type Clock } from '../clock.ts';
import { microTime } from '../election/lease-record.ts';
import type { ObjectName } from '../object-key.ts';
import { ApiError } from '../transport/errors.ts';
import {
  EventAggregator,
  type AggregationLimits,
  type EventFact,
  type EventWrite,
} from './event-aggregator.ts';

export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, 'clock' | 'create' | 'mergePatch'>;
  /** Who reports: `fairlead.dev/controller`. */
  readonly controller: string;
  /** Which of them: the pod or node. */
  readonly instance: string;
  readonly random: Random;
  readonly limits?: AggregationLimits | undefined;
  /** Called where one could not be written; it is not tried again. */
  readonly onFailure?: ((error: Error, fact: EventFact) => void) | undefined;
}

/** Limits of `events.k8s.io/v1` (apimachinery validation of events). */
const maximumNote = 1024;
/** Writes that wait; more are dropped: events must never be what fills the memory or the API server. */
const maximumWaiting = 256;
/** Before each write. */
const writeEveryMs = 100;

/**
 * Writes events (events.k8s.io/v1), few of them: what comes again is counted in a series, and each object has a
 * limit. Recording never waits and never fails.
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #aggregator: EventAggregator;
  readonly #waiting: EventWrite[] = [];
  /** Names of the objects of series, by their keys. */
  readonly #names = new Map<string, ObjectName>();
  readonly #maximumNames: number;
  #dropped = 0;
  #wake: (() => void) | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.client.clock;
    this.#aggregator = new EventAggregator(options.limits);
    this.#maximumNames = options.limits?.series ?? 4_096;
  }

  /** Events that were too many. */
  get dropped(): number {
    return this.#dropped + this.#aggregator.dropped;
  }

  record(fact: EventFact): void {
    const note = truncate(fact.note);
    const write = this.#aggregator.add({ ...fact, note }, this.#clock.nowMs());
    if (write !== undefined) this.#enqueue(write);
    this.#wake?.();
  }

  /** Writes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const write of this.#aggregator.due(this.#clock.nowMs())) this.#enqueue(write);
      const next = this.#waiting.shift();
      if (next === undefined) await this.#untilDue(signal);
      else {
        // First the pause: what an event tells of is more urgent than the event. Where it is aborted the loop ends.
        await sleep(this.#clock, writeEveryMs, signal).catch(() => undefined);
        if (!signal.aborted) await this.#write(next, signal);
      }
    }
  }

  /** Waits for something to be recorded, a series to be due or the end. */
  async #untilDue(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const dueMs = this.#aggregator.nextDueMs();
    using _timer =
      dueMs === undefined
        ? undefined
        : this.#clock.schedule(Math.max(dueMs - this.#clock.nowMs(), 0), resolve);
    this.#wake = resolve;
    signal.addEventListener('abort', this.#wake, { once: true });
    await promise;
    signal.removeEventListener('abort', this.#wake);
    this.#wake = undefined;
  }

  #enqueue(write: EventWrite): void {
    if (this.#waiting.length >= maximumWaiting) this.#dropped += 1;
    else this.#waiting.push(write);
  }

  async #write(write: EventWrite, signal: AbortSignal): Promise<void> {
    const { client, onFailure } = this.#options;
    const name = this.#names.get(write.key);
    try {
      if (write.count === 1 || name === undefined) return await this.#create(write, signal);
      const series = {
        count: write.count,
        lastObservedTime: microTime(this.#clock.date()),
      };
      await client.mergePatch(resources.events, name, { series }, { signal });
    } catch (error) {
      if (signal.aborted) return;
      // Events live for an hour; the series may outlive its object.
      if (error instanceof ApiError && error.notFound && write.count > 1) {
        this.#names.delete(write.key);
        return await this.#write({ ...write, count: 1 }, signal);
      }
      onFailure?.(error as Error, write.fact);
    }
  }

  async #create(write: EventWrite, signal: AbortSignal): Promise<void> {
    const event = this.#eventOf(write);
    await this.#options.client.create(resources.events, event, { signal });
    this.#names.delete(write.key);
    this.#names.set(write.key, {
      namespace: event.metadata?.namespace,
      name: event.metadata?.name ?? '',
    });
    const [oldest] = this.#names.keys();
    if (this.#names.size > this.#maximumNames && oldest !== undefined) this.#names.delete(oldest);
  }

  #eventOf({ fact }: EventWrite): Event {
    const { regarding, type, reason, action, note } = fact;
    const { controller, instance, random } = this.#options;
    const now = this.#clock.date();
    // As client-go: the object's name and a number that no other event of it has.
    const suffix = `${now.getTime().toString(16)}${Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0')}`;
    return {
      metadata: {
        // Those of objects without a namespace are in `default`.
        namespace: regarding.namespace ?? 'default',
        name: `${regarding.name.slice(0, 253 - suffix.length - 1)}.${suffix}`,
      },
      eventTime: microTime(now),
      type,
      reason,
      action,
      note,
      regarding: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        name: regarding.name,
        ...(regarding.namespace === undefined ? {} : { namespace: regarding.namespace }),
        ...(regarding.uid === undefined ? {} : { uid: regarding.uid }),
      },
      reportingController: controller,
      reportingInstance: instance.slice(0, 128),
    };
  }
}

function truncate(note: string): string {
  return Buffer.byteLength(note) <= maximumNote
    ? note
    : `${Buffer.from(note)
        .subarray(0, maximumNote - 4)
        .toString('utf8')
        .replace(/\uFFFD$/u, '')}…`;
}
