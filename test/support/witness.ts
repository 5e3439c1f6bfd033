import {
  answersAfter,
  answersFor,
  durationMs,
  longestMs,
  longestSilence,
  longestUnasked,
  NumberedFlow,
  ownershipsOf,
  startObserver,
  twoOwnerSpans,
  unansweredQuestions,
  waitFor,
  type Answer,
  type Host,
  type Lab,
  type NumberedResult,
  type Observation,
  type Recording,
  type Span,
} from '@fairlead/lab';

/** One that answers again after so long a silence had stopped before. */
const RETURN_AFTER_MS = 1_000;
/** Where the pods send back what they get. */
export const ECHO_PORT = 9;

type Address = Answer['address'];

export interface WitnessOptions {
  readonly lab: Lab;
  readonly observer: Host;
  readonly client: Host;
  readonly addresses: readonly Address[];
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
        addresses.every((address) =>
          firstAnswerMs(this.#observer.records, address, hosts, afterMs) < Infinity,
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
  readonly #addresses: readonly Address[];
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
  owners(): Record<Address, string[]> {
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
  answering(fromMs: number, toMs = Infinity): Record<Address, string[]> {
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

  /** The figures, in one line. */
  figures(): string {
    const asked = this.#observations.filter(({ kind }) => kind === 'asked');
    const within = { fromMs: asked[0]?.atMs ?? 0, toMs: asked.at(-1)?.atMs ?? 0 };
    const outage = this.#addresses.map((address) =>
      durationMs(longestSilence(this.#observations, address, within)).toFixed(0),
    );
    const two = this.#addresses.map((address) =>
      longestMs(twoOwnerSpans(this.#observations, address)).toFixed(0),
    );
    const unasked = durationMs(longestUnasked(this.#observations, within)).toFixed(0);
    const flows = Array.from(this.flows, ([name, { sent, lost, longestGapMs }]) => {
      return `${name} lost ${lost}/${sent}, gap ${longestGapMs?.toFixed(0) ?? '-'}`;
    });
    const parts = [
      `outage ${outage.join('/')} ms`,
      `two owners ${two.join('/')} ms`,
      `observer's own gap ${unasked} ms`,
    ];
    return [...parts, ...flows].join('; ');
  }

  #byAddress<T>(of: (address: Address) => T): Record<Address, T> {
    const entries = this.#addresses.map((address) => [address, of(address)] as const);
    return Object.fromEntries(entries) as Record<Address, T>;
  }
}

function firstAnswerMs(
  observations: readonly Observation[],
  address: Address,
  hosts: readonly Host[],
  afterMs: number,
): number {
  const macs = new Set(hosts.flatMap(({ nics }) => nics.map(({ mac }) => mac)));
  const found = answersFor(observations, address).find(
    ({ mac, atMs }) => atMs > afterMs && macs.has(mac),
  );
  return found?.atMs ?? Infinity;
}

function flowName({ protocol, address }: { protocol: string; address: Address }): string {
  return `${protocol}${address.includes(':') ? 6 : 4}`;
}
