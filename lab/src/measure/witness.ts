import type { IpAddress, MacAddress } from '@fairlead/ip';
import type { Host } from '../host.ts';
import type { Lab } from '../lab.ts';
import { waitFor } from '../wait-for.ts';
import { NumberedFlow, type NumberedResult } from './numbered.ts';
import type { Answer, Observation } from './observation.ts';
import {
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

  /** Resolves when the last so many questions, for all addresses, had no answer at all. */
  async seesNobody(questions = 20, deadlineMs = 30_000): Promise<void> {
    const { records, process } = this.#observer;
    const silent = (): boolean => {
      let asked = 0;
      for (let index = records.length - 1; index >= 0 && asked <= questions; index--) {
        const kind = records[index]?.kind;
        if (kind === 'answer') return false;
        if (kind === 'asked') asked++;
      }
      return asked > questions;
    };
    await waitFor(silent, { what: `${process.name} to hear no answer`, deadlineMs, everyMs: 25 });
  }

  /** Stops observer and packets, and counts. */
  async end(): Promise<Evidence> {
    const flows = await Promise.all(
      Array.from(this.#flows, async ([name, flow]) => [name, await flow.stop()] as const),
    );
    const { lab, addresses } = this.#options;
    const observations = await this.#observer.stop();
    const nameOf = (mac: MacAddress): string => lab.hostWithMac(mac)?.name ?? mac;
    return new Evidence({ addresses, observations, flows: new Map(flows), nameOf });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [this.#observer, ...this.#flows.values()];
    await Promise.all(all.map((each) => each[Symbol.asyncDispose]()));
  }
}

/** What was recorded. */
export interface EvidenceParts {
  readonly addresses: readonly IpAddress[];
  readonly observations: readonly Observation[];
  /** By `udp4`, `tcp6` … */
  readonly flows: ReadonlyMap<string, NumberedResult>;
  /** A host's name by its MAC address; of a stranger, whatever serves. */
  readonly nameOf: (mac: MacAddress) => string;
}

/** What a witness has seen. Moments are `monotonicMs`. */
export class Evidence {
  readonly addresses: readonly IpAddress[];
  readonly flows: ReadonlyMap<string, NumberedResult>;
  readonly #observations: readonly Observation[];
  readonly #nameOf: (mac: MacAddress) => string;

  constructor({ addresses, observations, flows, nameOf }: EvidenceParts) {
    this.addresses = addresses;
    this.flows = flows;
    this.#observations = observations;
    this.#nameOf = nameOf;
  }

  /** For each address who answered, in the order in which they began to. */
  owners(): Record<IpAddress, string[]> {
    return this.#byAddress((address) =>
      ownershipsOf(this.#observations, address, RETURN_AFTER_MS).map(({ mac }) =>
        this.#nameOf(mac),
      ),
    );
  }

  /** For each address who answered between two moments. */
  answering(fromMs: number, toMs = Infinity): Record<IpAddress, string[]> {
    return this.#byAddress((address) => {
      const macs = answersFor(this.#observations, address)
        .filter(({ atMs }) => atMs > fromMs && atMs < toMs)
        .map(({ mac }) => mac);
      return [...new Set(macs.map(this.#nameOf))].sort();
    });
  }

  /** When questions were asked that nobody answered, for all addresses; only those outside a span where one is given. */
  unanswered(except?: Span): number[] {
    const all = this.addresses.flatMap((address) =>
      unansweredQuestions(this.#observations, address),
    );
    if (except === undefined) return all;
    return all.filter((atMs) => atMs < except.fromMs || atMs > except.toMs);
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

  /** When every address was answered for by some of those named, the first time after a moment. */
  takenOverMs(names: readonly string[], afterMs: number): number {
    const first = this.addresses.map((address) => {
      const by = ({ mac, atMs }: Answer): boolean =>
        atMs > afterMs && names.includes(this.#nameOf(mac));
      return answersFor(this.#observations, address).find(by)?.atMs ?? Infinity;
    });
    return Math.max(...first);
  }

  /** The longest time for which an address was not answered for, of the worst of them. */
  get outageMs(): number {
    return this.#worst((address) => [longestSilence(this.#observations, address, this.#asked)]);
  }

  /** The longest time for which two answered for an address at once, as far as that was after a moment. */
  twoOwnersMs(afterMs = -Infinity): number {
    return this.#worst((address) =>
      twoOwnerSpans(this.#observations, address)
        .filter(({ toMs }) => toMs > afterMs)
        .map(({ fromMs, toMs }) => ({ fromMs: Math.max(fromMs, afterMs), toMs })),
    );
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
      `two owners ${this.twoOwnersMs().toFixed(0)} ms`,
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
    return Math.max(...this.addresses.map((address) => longestMs(spansOf(address))));
  }

  #byAddress<T>(of: (address: IpAddress) => T): Record<IpAddress, T> {
    const entries = this.addresses.map((address) => [address, of(address)] as const);
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
