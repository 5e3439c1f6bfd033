import type { Network } from './network.ts';

/** A stretch of time during which nobody, or more than one node, answered for an address. */
export interface Incident {
  readonly kind: 'none' | 'two';
  readonly side: number;
  readonly address: number;
  readonly fromNs: number;
  readonly toNs: number;
}

/** What a node's kernel does: it answers for what the agent told it to, while the fence is ahead. */
export interface Answering {
  /** One bit for each observed address. */
  held: number;
  fenceNs: number;
  /** The addresses that its agent ought to take where nobody else does; one bit each. */
  able: number;
}

interface Side {
  none: number;
  two: number;
  readonly noneSince: Float64Array;
  readonly twoSince: Float64Array;
}

/**
 * The clients: one on each side, asking for every observed address at every moment. What a node answers
 * counts for the side to which it is connected in both directions.
 */
export class Observer {
  readonly incidents: Incident[] = [];
  readonly nodes: readonly Answering[];
  readonly #network: Network;
  readonly #addresses: number;
  readonly #shown: Int32Array;
  readonly #sides: readonly Side[];
  #nextExpiry = Infinity;

  constructor(network: Network, nodes: number, addresses: number) {
    this.#network = network;
    this.#addresses = addresses;
    this.nodes = Array.from({ length: nodes }, () => ({ held: 0, fenceNs: 0, able: 0 }));
    this.#shown = new Int32Array(nodes);
    this.#sides = [0, 1].map(() => ({
      none: 0,
      two: 0,
      noneSince: new Float64Array(addresses),
      twoSince: new Float64Array(addresses),
    }));
  }

  /** Lets the fences run out that do so until `now`. */
  advance(now: number): void {
    while (this.#nextExpiry <= now) this.update(this.#nextExpiry);
  }

  /** Something about answers, links or candidates changed at `now`. */
  update(now: number): void {
    let nextExpiry = Infinity;
    for (const [index, node] of this.nodes.entries()) {
      const answers = now < node.fenceNs;
      this.#shown[index] = answers ? node.held : 0;
      if (answers && node.held !== 0) nextExpiry = Math.min(nextExpiry, node.fenceNs);
    }
    this.#nextExpiry = nextExpiry;
    for (const [side, state] of this.#sides.entries()) this.#look(side, state, now);
  }

  /** The nodes that answer for the address to that side's client. */
  answerers(side: number, address: number): number[] {
    const found: number[] = [];
    for (const index of this.nodes.keys()) {
      if (this.#network.clientSide(index) !== side) continue;
      if (((this.#shown[index] ?? 0) >>> address) & 1) found.push(index);
    }
    return found;
  }

  /** The addresses that somebody on that side ought to answer for; one bit each. */
  able(side: number): number {
    let able = 0;
    for (const [index, node] of this.nodes.entries()) {
      if (this.#network.clientSide(index) === side) able |= node.able;
    }
    return able;
  }

  /** Ends what still lasts. */
  finish(now: number): void {
    this.advance(now);
    for (const [side, state] of this.#sides.entries()) {
      this.#note(side, state, 'none', 0, now);
      this.#note(side, state, 'two', 0, now);
    }
  }

  #look(side: number, state: Side, now: number): void {
    let one = 0;
    let two = 0;
    let able = 0;
    for (const [index, node] of this.nodes.entries()) {
      if (this.#network.clientSide(index) !== side) continue;
      const shown = this.#shown[index] ?? 0;
      able |= node.able;
      two |= one & shown;
      one |= shown;
    }
    this.#note(side, state, 'none', able & ~one, now);
    this.#note(side, state, 'two', two, now);
  }

  #note(side: number, state: Side, kind: 'none' | 'two', present: number, now: number): void {
    const before = state[kind];
    if (before === present) return;
    const since = kind === 'none' ? state.noneSince : state.twoSince;
    for (let address = 0; address < this.#addresses; address++) {
      const bit = 1 << address;
      if ((before & bit) === (present & bit)) continue;
      if ((present & bit) !== 0) since[address] = now;
      else if (now > (since[address] ?? 0)) {
        const fromNs = since[address] ?? 0;
        this.incidents.push({ kind, side, address, fromNs, toNs: now });
      }
    }
    state[kind] = present;
  }
}
