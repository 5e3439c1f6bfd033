/** What passes between two nodes. */
export type Traffic = 'heartbeat' | 'arp';

/** Which of the nodes' frames reach whom. One client stands on each side of a split. */
export class Network {
  /** Probability that a datagram or ARP frame is lost. */
  loss = 0;
  readonly #receives: boolean[];
  readonly #sends: boolean[];
  readonly #side: number[];
  /** Directed pairs through which nothing passes, and those that stop heartbeats only. */
  readonly #cut = new Set<number>();
  readonly #filtered = new Set<number>();
  readonly #size: number;

  constructor(nodes: number) {
    this.#size = nodes;
    this.#receives = Array.from({ length: nodes }, () => true);
    this.#sends = Array.from({ length: nodes }, () => true);
    this.#side = Array.from({ length: nodes }, () => 0);
  }

  setLink(node: number, link: { readonly receives: boolean; readonly sends: boolean }): void {
    this.#receives[node] = link.receives;
    this.#sends[node] = link.sends;
  }

  split(others: readonly number[]): void {
    this.#side.fill(0);
    for (const node of others) this.#side[node] = 1;
  }

  cut(from: number, to: number): void {
    this.#cut.add(from * this.#size + to);
  }

  filter(from: number, to: number): void {
    this.#filtered.add(from * this.#size + to);
  }

  /** Mends all. */
  restore(): void {
    this.#receives.fill(true);
    this.#sends.fill(true);
    this.#side.fill(0);
    this.#cut.clear();
    this.#filtered.clear();
  }

  passes(traffic: Traffic, from: number, to: number): boolean {
    const pair = from * this.#size + to;
    return (
      this.#sends[from] === true &&
      this.#receives[to] === true &&
      this.#side[from] === this.#side[to] &&
      !this.#cut.has(pair) &&
      !(traffic === 'heartbeat' && this.#filtered.has(pair))
    );
  }

  /** Which side's client the node can answer; undefined = none. */
  clientSide(node: number): number | undefined {
    return this.#sends[node] === true && this.#receives[node] === true
      ? this.#side[node]
      : undefined;
  }
}
