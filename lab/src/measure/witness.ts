import type { IpAddress } from '@fairlead/ip';
import type { Host } from '../host.ts';
import type { Lab } from '../lab.ts';
import { waitFor } from '../wait-for.ts';
import { NumberedFlow, type NumberedResult } from './numbered.ts';
import type { Answer, Observation } from './observation.ts';
import {
  answersAfter,
  answersFor,
  durationMs,
  longestMs,
  longestSilence,
  longestUnasked,
  ownershipsOf,
  twoOwnerSpans,
  unansweredQuestions,
  type Span,
} from './ownership.ts';
import type { Recording } from './recording.ts';
import { startObserver } from './start.ts';

/** One that answers again after so long a silence had stopped before. */
const RETURN_AFTER_MS = 300;
/** Where the pods send back what they get. */
export const ECHO_PORT = 9;

export interface WitnessOptions {
  readonly lab: Lab;
  readonly observer: Host;
  readonly client: Host;
  readonly addresses: readonly IpAddress[];
  /** Also sends numbered packets, 1 000 a second each by UDP and TCP through each address; default true. */
  readonly traffic?: boolean | undefined;
}

/** Sees who answers, every 5 ms, and what becomes of a client's packets with a warm neighbour cache. */
export class Witness implements AsyncDisposable {
  readonly #options: WitnessOptions;
  readonly #observer: Recording<Observation>;
  readonly #flows: ReadonlyMap<string, NumberedFlow>;

  private constructor(
    options: WitnessOptions,
    observer: Recording<Observation>,
    flows: ReadonlyMap<string, NumberedFlow>,
  ) {
    this.#options = options;
    this.#observer = observer;
    this.#flows = flows;
  }

  static async begin(options: WitnessOptions): Promise<Witness> {
    const { observer, client, addresses, traffic = true } = options;
    const wanted = (['udp', 'tcp'] as const).flatMap((protocol) =>
      addresses.map((address) => ({ protocol, address, port: ECHO_PORT })),
    );
    const [watching, ...flows] = await Promise.all([
      startObserver(observer, { addresses }),
      ...(traffic ? wanted : []).map(
        async (each) => [flowName(each), await NumberedFlow.start(client, each)] as const,
      ),
    ]);
    const witness = new Witness(options, watching, new Map(flows));
    await witness.asks(20);
    return witness;
  }

  /** Resolves when the observer has asked so many times more: what happens meanwhile is seen. */
  async asks(count: number): Promise<void> {
    const { records, process } = this.#observer;
    let seen = records.length;
    let left = count;
    const counted = (): boolean => {
      for (; seen < records.length; seen++) if (records[seen]?.kind === 'asked') left--;
      return left <= 0;
    };
    const what = `${process.name} to ask ${count} times`;
    await waitFor(counted, { what, deadlineMs: 5_000 + 50 * count });
  }

  /** Resolves when some of the hosts have answered for every address after `afterMs`. */
  async sees(hosts: readonly Host[], afterMs: number, deadlineMs = 30_000): Promise<void> {
    const { addresses } = this.#options;
    const names = hosts.map(({ name }) => name).join(' or ');
    await waitFor(
      () =>
        addresses.every(
          (address) => firstAnswerMs(this.#observer.records, address, hosts, afterMs) < Infinity,
        ),
      { what: `${names} to answer for ${addresses.join(' and ')}`, deadlineMs, everyMs: 25 },
    );
  }

  /** Stops observer and packets, and counts. */
  async end(): Promise<Evidence> {
    const flows = await Promise.all(
      Array.from(this.#flows, async ([name, flow]) => [name, await flow.stop()] as const),
    );
    return new Evidence(this.#options, await this.#observer.stop(), new Map(flows));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [this.#observer, ...this.#flows.values()];
    await Promise.all(all.map((each) => each[Symbol.asyncDispose]()));
  }
}

/** What a witness has seen. Moments are `monotonicMs`. */
export class Evidence {
  readonly flows: ReadonlyMap<string, NumberedResult>;
  readonly #lab: Lab;
  readonly #addresses: readonly IpAddress[];
  readonly #observations: readonly Observation[];

  constructor(
    { lab, addresses }: WitnessOptions,
    observations: readonly Observation[],
    flows: ReadonlyMap<string, NumberedResult>,
  ) {
    this.#lab = lab;
    this.#addresses = addresses;
    this.#observations = observations;
    this.flows = flows;
  }

  /** For each address who answered, in the order in which they began to. */
  owners(): Record<IpAddress, string[]> {
    return this.#byAddress((address) =>
      ownershipsOf(this.#observations, address, RETURN_AFTER_MS).map(
        ({ mac }) => this.#lab.hostWithMac(mac)?.name ?? mac,
      ),
    );
  }

  /** How often a host answered after a moment and, if that is given, before another. */
  answersOf({ nics }: Host, afterMs: number, beforeMs = Infinity): Answer[] {
    return nics
      .flatMap(({ mac }) => answersAfter(this.#observations, mac, afterMs))
      .filter(({ atMs }) => atMs < beforeMs);
  }

  /** For each address who answered between two moments. */
  answering(fromMs: number, toMs = Infinity): Record<IpAddress, string[]> {
    return this.#byAddress((address) => {
      const macs = answersFor(this.#observations, address)
        .filter(({ atMs }) => atMs > fromMs && atMs < toMs)
        .map(({ mac }) => mac);
      return [...new Set(macs)].map((mac) => this.#lab.hostWithMac(mac)?.name ?? mac).sort();
    });
  }

  /** Questions that nobody answered, of all addresses. */
  unanswered(): number {
    const each = this.#addresses.map(
      (address) => unansweredQuestions(this.#observations, address).length,
    );
    return each.reduce((sum, count) => sum + count, 0);
  }

  /** Packets that never came back, by flow; flows that lost none are left out. */
  lost(): Record<string, number> {
    const losers = [...this.flows].filter(([, { lost }]) => lost > 0);
    return Object.fromEntries(losers.map(([name, { lost }]) => [name, lost]));
  }

  /** Packets that never came back though they were sent outside a span of time. */
  lostOutside({ fromMs, toMs }: Span): number {
    const runs = [...this.flows.values()].flatMap(({ lostRuns }) => lostRuns);
    return runs.filter(({ firstSentMs, lastSentMs }) => firstSentMs < fromMs || lastSentMs > toMs)
      .length;
  }

  /** Connections that broke, by flow. */
  errors(): Record<string, string> {
    const failed = [...this.flows].flatMap(([name, { error }]) => (error ? [[name, error]] : []));
    return Object.fromEntries(failed);
  }

  /** When every address was answered for by some of the hosts, the first time after a moment. */
  takenOverMs(hosts: readonly Host[], afterMs: number): number {
    return Math.max(
      ...this.#addresses.map((address) =>
        firstAnswerMs(this.#observations, address, hosts, afterMs),
      ),
    );
  }

  /** The longest time for which an address was not answered for, of the worst of them. */
  get outageMs(): number {
    return this.#worst((address) => [longestSilence(this.#observations, address, this.#asked)]);
  }

  /** The longest time for which two answered for an address at once. */
  get twoOwnersMs(): number {
    return this.#worst((address) => twoOwnerSpans(this.#observations, address));
  }

  /** The longest time for which the observer itself did not ask: an outage is measured no finer. */
  get unaskedMs(): number {
    return durationMs(longestUnasked(this.#observations, this.#asked));
  }

  /**
   * The longest time between two packets that came back to the client, of the worst flow. TCP's is longer: the
   * client's kernel waits ever longer before it repeats.
   */
  clientGapMs(protocol: 'udp' | 'tcp'): number {
    const flows = [...this.flows].filter(([name]) => name.startsWith(protocol));
    return Math.max(0, ...flows.map(([, { longestGapMs }]) => longestGapMs ?? 0));
  }

  /** The figures, in one line. */
  figures(): string {
    const lost = Array.from(this.flows, ([name, { sent, lost }]) => `${name} ${lost}/${sent}`);
    return [
      `outage ${this.outageMs.toFixed(0)} ms`,
      `two owners ${this.twoOwnersMs.toFixed(0)} ms`,
      `observer's own gap ${this.unaskedMs.toFixed(0)} ms`,
      ...(lost.length === 0
        ? []
        : [
            `client's gap UDP ${this.clientGapMs('udp').toFixed(0)}, TCP ${this.clientGapMs('tcp').toFixed(0)} ms`,
            `lost ${lost.join(', ')}`,
          ]),
    ].join('; ');
  }

  get #asked(): Span {
    const asked = this.#observations.filter(({ kind }) => kind === 'asked');
    return { fromMs: asked[0]?.atMs ?? 0, toMs: asked.at(-1)?.atMs ?? 0 };
  }

  #worst(spansOf: (address: IpAddress) => readonly Span[]): number {
    return Math.max(...this.#addresses.map((address) => longestMs(spansOf(address))));
  }

  #byAddress<T>(of: (address: IpAddress) => T): Record<IpAddress, T> {
    const entries = this.#addresses.map((address) => [address, of(address)] as const);
    return Object.fromEntries(entries);
  }
}

function firstAnswerMs(
  observations: readonly Observation[],
  address: IpAddress,
  hosts: readonly Host[],
  afterMs: number,
): number {
  const macs = new Set(hosts.flatMap(({ nics }) => nics.map(({ mac }) => mac)));
  const found = answersFor(observations, address).find(
    ({ mac, atMs }) => atMs > afterMs && macs.has(mac),
  );
  return found?.atMs ?? Infinity;
}

function flowName({ protocol, address }: { protocol: string; address: IpAddress }): string {
  return `${protocol}${address.includes(':') ? 6 : 4}`;
}
