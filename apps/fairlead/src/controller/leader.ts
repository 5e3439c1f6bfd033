import type { ClusterState, Problem, ServiceKey, SourceUpdate } from '@fairlead/cluster';
import { WorkQueue, type EventRecorder, type KubeClient, type WorkOutcome } from '@fairlead/kube';
import type { Log } from '../log.ts';
import { Reconciler } from '../reconciler.ts';
import {
  ensureMembershipSecret,
  findAnnouncement,
  readServiceStatuses,
  writePoolStatus,
  writeServiceStatus,
} from './api-writes.ts';
import { decideRound, type RoundDecisions } from './decide.ts';
import { FreedAddresses } from './freed-addresses.ts';
import { decidePools, type PoolFindings } from './pool-status.ts';
import { serviceEvents } from './service-events.ts';
import { problemText } from './service-findings.ts';
import { SettledServices } from './settled-services.ts';
import { StatusBook } from './status-book.ts';
import type { WriteCounts } from './write-counts.ts';
import { failureLevel, refusalEvent } from './write-failures.ts';

export interface LeaderOptions {
  readonly client: KubeClient;
  /** Of the Secret with the membership's key. */
  readonly namespace: string;
  readonly events: EventRecorder;
  readonly log: Log;
  readonly counts: WriteCounts;
  /** How old the view is, ms. */
  readonly ageMs: () => number;
}

/** One thing to bring about. */
type WorkKey =
  | `Service ${ServiceKey}`
  | `AddressPool ${string}`
  | `Announcement ${string}`
  | 'Secret';

const workers = 4;
/** Between two writes of one pool's status: a burst of Services changes its counts each time. */
const poolEveryMs = 1_000;
/** A change of a pool's counts is written so much later: the Services that it comes from are more urgent. */
const poolAfterMs = 300;
/** Words are given so long to settle: agents that start one after the other change them each time. */
const wordsAfterMs = 5_000;
/** Then they are written so many at a time, while nothing else waits. */
const wordsAtATime = 20;
const wordsEveryMs = 200;
/** What does not come by the watches is looked after in this interval: pools' statuses, writes that got lost. */
const recheckMs = 300_000;
const lookEveryMs = 2_000;
const retryMs = 1_000;

/** One term of leadership: decides in rounds, and brings about what was decided until the signal aborts. */
export class Leader {
  readonly #options: LeaderOptions;
  readonly #signal: AbortSignal;
  readonly #book = new StatusBook();
  readonly #freed = new FreedAddresses();
  readonly #settled = new SettledServices();
  readonly #queue: WorkQueue<WorkKey>;
  readonly #words = new Set<ServiceKey>();
  readonly #timers = new Set<Disposable>();
  /** Between two long rounds there is time to write what was decided. */
  readonly #rounds: Reconciler;
  #ready = false;
  #update: SourceUpdate;
  #pools: ReadonlyMap<string, PoolFindings> = new Map();
  /** What the API server has of each pool, and when it was written, ms. */
  readonly #poolsTold = new Map<string, { readonly text: string; readonly atMs: number }>();
  #announcements: ReadonlyMap<string, readonly Problem[]> = new Map();
  readonly #announcementsTold = new Map<string, string>();
  #secretProblems = '';
  #wordsTimer = false;
  #freedTimerMs = Infinity;

  constructor(options: LeaderOptions, update: SourceUpdate, signal: AbortSignal) {
    this.#options = options;
    this.#update = update;
    this.#signal = signal;
    this.#rounds = new Reconciler(
      () => this.#round(),
      (error) =>
        options.log.error({ err: error }, 'a round failed; tried again until one succeeds'),
    );
    this.#queue = new WorkQueue<WorkKey>({
      work: (key, abort) => this.#work(key, abort),
      onFailure: (key, error, again) => this.#failed(key, error, again),
      clock: options.client.clock,
      random: Math.random,
      workers,
    });
  }

  /** How full each pool is, by its name. */
  get pools(): ReadonlyMap<string, PoolFindings> {
    return this.#pools;
  }

  /** Things that wait to be written. */
  get waiting(): number {
    return this.#queue.waiting + this.#words.size;
  }

  /** Leads until the signal aborts. */
  async run(): Promise<void> {
    this.#queue.add('Secret');
    const running = this.#queue.run(this.#signal);
    try {
      await this.#readStatuses();
      this.#ready = true;
      this.#every(lookEveryMs, () => {
        if (this.#book.awaits) this.#rounds.request();
      });
      this.#every(recheckMs, () => {
        this.#poolsTold.clear();
        this.#rounds.request();
      });
      this.#rounds.request();
      await running;
    } finally {
      this.#ready = false;
      this.#rounds.close();
      for (const timer of this.#timers) timer[Symbol.dispose]();
      await running;
    }
  }

  /** The view has changed. */
  observe(update: SourceUpdate): void {
    this.#update = update;
    this.#rounds.request();
  }

  /**
   * What the leader before us wrote last may not have come by our watch yet: an address that it gave away must not
   * be given again. So the API server is asked once.
   */
  async #readStatuses(): Promise<void> {
    const { client, log } = this.#options;
    for (;;) {
      try {
        for await (const [key, status] of readServiceStatuses(client, this.#signal)) {
          this.#book.learn(key, status, client.clock.nowMs());
        }
        return;
      } catch (error) {
        this.#signal.throwIfAborted();
        log.warn({ err: error }, `Services cannot be read; tried again in ${retryMs} ms`);
        await this.#pause(retryMs);
      }
    }
  }

  #round(): void {
    const { state, problems } = this.#update;
    if (!this.#ready || this.#signal.aborted) return;
    this.#observeSecret(problems);
    if (state !== undefined) this.#decide(state);
  }

  #decide(state: ClusterState): void {
    const { client, ageMs } = this.#options;
    const nowMs = client.clock.nowMs();
    this.#book.observe(state, nowMs - ageMs());
    const decisions = decideRound({
      state,
      unseen: this.#book.unseen(),
      leaving: this.#book.leaving(),
      cooling: this.#freed.cooling(state, nowMs),
      now: client.clock.date(),
      settled: this.#settled,
    });
    this.#freed.update(decisions.held, state.pools, nowMs);
    this.#planServices(decisions);
    this.#planPools(state, decisions);
    this.#planAnnouncements(decisions.announcementProblems);
    this.#planCooling(nowMs);
  }

  #planServices({ changes }: RoundDecisions): void {
    for (const [key, { before, after }] of changes) {
      const urgency = this.#book.want(key, after, before);
      switch (urgency.kind) {
        case 'nothing':
          this.#words.delete(key);
          break;
        case 'write':
          this.#words.delete(key);
          if (urgency.first && urgency.delayMs === 0) this.#queue.addFirst(`Service ${key}`);
          else this.#queue.addAfter(`Service ${key}`, urgency.delayMs);
          break;
        case 'words':
          this.#words.add(key);
          this.#scheduleWords(wordsAfterMs);
          break;
        default:
          urgency satisfies never;
      }
    }
  }

  #scheduleWords(delayMs: number): void {
    if (this.#wordsTimer) return;
    this.#wordsTimer = true;
    this.#after(delayMs, () => {
      this.#wordsTimer = false;
      if (this.#queue.waiting === 0) {
        for (const key of [...this.#words].slice(0, wordsAtATime)) {
          this.#words.delete(key);
          this.#queue.add(`Service ${key}`);
        }
      }
      if (this.#words.size > 0) this.#scheduleWords(wordsEveryMs);
    });
  }

  #planPools(state: ClusterState, { usages }: RoundDecisions): void {
    this.#pools = decidePools(state, usages);
    const nowMs = this.#options.client.clock.nowMs();
    for (const [name, findings] of this.#pools) {
      const told = this.#poolsTold.get(name);
      if (told?.text === JSON.stringify(findings)) continue;
      const dueMs = told === undefined ? 0 : Math.max(told.atMs + poolEveryMs - nowMs, poolAfterMs);
      this.#queue.addAfter(`AddressPool ${name}`, dueMs);
    }
    for (const name of this.#poolsTold.keys()) {
      if (!this.#pools.has(name)) this.#poolsTold.delete(name);
    }
  }

  #planAnnouncements(problems: readonly Problem[]): void {
    const groups = Map.groupBy(problems, ({ object }) => object.slice('Announcement/'.length));
    this.#announcements = groups;
    for (const [name, its] of groups) {
      if (this.#announcementsTold.get(name) === problemText(its)) continue;
      this.#queue.add(`Announcement ${name}`);
    }
    for (const name of this.#announcementsTold.keys()) {
      if (!groups.has(name)) this.#announcementsTold.delete(name);
    }
  }

  /** An address that may be given away again may be what a Service waits for. */
  #planCooling(nowMs: number): void {
    const next = this.#freed.nextMs;
    if (next === undefined || next >= this.#freedTimerMs) return;
    this.#freedTimerMs = next;
    this.#after(Math.max(next - nowMs, 0), () => {
      this.#freedTimerMs = Infinity;
      this.#rounds.request();
    });
  }

  #observeSecret(problems: readonly Problem[]): void {
    const text = JSON.stringify(problems.filter(({ object }) => object.startsWith('Secret/')));
    if (text !== this.#secretProblems && text !== '[]') this.#queue.add('Secret');
    this.#secretProblems = text;
  }

  async #work(key: WorkKey, signal: AbortSignal): Promise<WorkOutcome> {
    const { client, namespace, log, counts } = this.#options;
    if (key === 'Secret') {
      const made = await counts.during('secret', signal, () =>
        ensureMembershipSecret(client, namespace, signal),
      );
      if (made) log.info('made the key of the membership');
      return;
    }
    const space = key.indexOf(' ');
    const name = key.slice(space + 1);
    switch (key.slice(0, space) as 'Service' | 'AddressPool' | 'Announcement') {
      case 'Service':
        return await this.#writeService(name as ServiceKey, signal);
      case 'AddressPool':
        return await this.#writePool(name, signal);
      case 'Announcement':
        return await this.#tellAnnouncement(name, signal);
      default:
        throw new RangeError(`nothing is known of ${key}`);
    }
  }

  async #writeService(key: ServiceKey, signal: AbortSignal): Promise<void> {
    const { client, counts, events, log } = this.#options;
    const sent = this.#book.send(key);
    if (sent === undefined) return;
    const { before, after } = sent;
    const [namespace = '', name = ''] = key.split('/');
    const regarding = { apiVersion: 'v1', kind: 'Service', namespace, name, uid: after.uid };
    try {
      await counts.during('service', signal, () =>
        writeServiceStatus(client, key, before, after, signal),
      );
    } catch (error) {
      const refusal = refusalEvent(error, this.#queue.failuresOf(`Service ${key}`) + 1);
      if (refusal !== undefined) events.record({ ...refusal, regarding });
      throw error;
    }
    this.#book.written(key, after, client.clock.nowMs());
    for (const happening of serviceEvents(before, after)) {
      events.record({ ...happening, regarding });
      const level = happening.type === 'Warning' ? 'warn' : 'info';
      log[level]({ service: key, reason: happening.reason }, happening.note);
    }
  }

  async #writePool(name: string, signal: AbortSignal): Promise<void> {
    const { client, counts, events, log } = this.#options;
    const findings = this.#pools.get(name);
    if (findings === undefined) return;
    const text = JSON.stringify(findings);
    const change = await counts.during('pool', signal, () =>
      writePoolStatus(client, name, findings, signal),
    );
    this.#poolsTold.set(name, { text, atMs: client.clock.nowMs() });
    if (change === undefined || change === false) return;
    const { ready } = findings;
    const before = change.before.conditions?.find(({ type }) => type === ready.type);
    const same = before?.status === ready.status && before.message === ready.message;
    if (same || (before === undefined && ready.status === 'True')) return;
    const type = ready.status === 'True' ? 'Normal' : 'Warning';
    const { reason, message: note } = ready;
    events.record({ regarding: change.subject, type, reason, action: 'Check', note });
    log[type === 'Warning' ? 'warn' : 'info']({ pool: name, reason }, note);
  }

  async #tellAnnouncement(name: string, signal: AbortSignal): Promise<void> {
    const { client, events, log } = this.#options;
    const problems = this.#announcements.get(name) ?? [];
    const note = problemText(problems);
    if (note === '' || this.#announcementsTold.get(name) === note) return;
    const regarding = await findAnnouncement(client, name, signal);
    if (regarding === undefined) return;
    this.#announcementsTold.set(name, note);
    events.record({ regarding, type: 'Warning', reason: 'Invalid', action: 'Check', note });
    log.warn({ announcement: name }, note);
  }

  #failed(key: WorkKey, error: Error, again: number | undefined): void {
    const level = failureLevel(error, this.#queue.failuresOf(key));
    this.#options.log[level]({ err: error, againMs: again }, `cannot write ${key}`);
  }

  #after(delayMs: number, callback: () => void): void {
    const timer = this.#options.client.clock.schedule(delayMs, () => {
      this.#timers.delete(timer);
      callback();
    });
    this.#timers.add(timer);
  }

  #every(everyMs: number, callback: () => void): void {
    this.#after(everyMs, () => {
      callback();
      this.#every(everyMs, callback);
    });
  }

  async #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#signal.addEventListener('abort', () => resolve(), { once: true });
    this.#after(delayMs, resolve);
    await promise;
    this.#signal.throwIfAborted();
  }
}
