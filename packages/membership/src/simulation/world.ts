import type { AnnouncementConfig } from '../machine/configuration.ts';
import { Agenda } from './agenda.ts';
import type { Load } from './load.ts';
import { Network } from './network.ts';
import { Observer } from './observer.ts';
import { Random } from './random.ts';

/** An address that the clients ask for, as the rules see it. */
export interface ObservedAddress {
  readonly announcement: number;
  readonly bucket: number;
}

/** A node began or ceased to hold an address. */
export interface Move {
  readonly atNs: number;
  readonly node: number;
  /** Bit of the address. */
  readonly bit: number;
}

export interface WorldOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly load: Load;
  readonly addresses: readonly ObservedAddress[];
  readonly announcements: readonly AnnouncementConfig[];
  readonly traced: boolean;
}

/** Virtual time, the wire, the clients, and what all agents are told in the end. */
export class World {
  readonly random: Random;
  readonly agenda = new Agenda();
  readonly network: Network;
  readonly observer: Observer;
  readonly options: WorldOptions;
  readonly roundRobin: boolean;
  /** What the API server says now; agents may learn of it late. */
  announcements: readonly AnnouncementConfig[];
  now = 0;
  /** How many agents stand still in the middle of a turn, one within the other. */
  depth = 0;
  readonly trace: string[] = [];
  /** Rules broken on the way, in words. */
  readonly violations: string[] = [];
  /** Who began or ceased to hold which observed address, since the nodes had settled. */
  readonly moves: Move[] = [];
  /** Datagrams that somebody recorded; undefined = nobody does. */
  record: Uint8Array[] | undefined;
  readonly #bits = new Map<number, number>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.network = new Network(options.nodes);
    this.observer = new Observer(this.network, options.nodes, options.addresses.length);
    this.roundRobin = options.load !== 'busy-plain';
    this.announcements = options.announcements;
    for (const [index, { announcement, bucket }] of options.addresses.entries()) {
      this.#bits.set(announcement * 1024 + bucket, 1 << index);
    }
  }

  /** The bit of the observed address in that bucket; 0 = none is observed. */
  bitOf(announcement: number, bucket: number): number {
    return this.#bits.get(announcement * 1024 + bucket) ?? 0;
  }

  after(ms: number, run: () => void): void {
    this.agenda.add(this.now + Math.round(ms * 1e6), run);
  }

  /** Lets everything happen until that time. May be called while something happens. */
  runUntil(endNs: number): void {
    while (this.agenda.next <= endNs) {
      const entry = this.agenda.take();
      if (entry === undefined) break;
      this.advance(entry.at);
      entry.run();
    }
    this.advance(endNs);
  }

  note(text: () => string): void {
    if (!this.options.traced) return;
    this.trace.push(`${(this.now / 1e6).toFixed(3).padStart(11)} ms  ${text()}`);
  }

  advance(now: number): void {
    if (now <= this.now) return;
    this.observer.advance(now);
    this.now = now;
  }
}
