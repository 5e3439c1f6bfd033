import type { IpAddress, MacAddress } from '@fairlead/ip';
import { maximumPeers, type PeerConfig } from './configuration.ts';
import { newPeer, type Peer } from './peer.ts';
import type { Timing } from './timing.ts';

/** For how long a node that no configuration names is remembered after it fell silent. */
const strangerKeptMs = 60_000;

/** The other nodes of the segment, by name, by the id that heartbeats use, and by MAC. */
export class PeerTable {
  readonly #byName = new Map<string, Peer>();
  readonly #byId = new Map<number, Peer>();
  readonly #self: string;

  constructor(self: string) {
    this.#self = self;
  }

  /** In the order in which they were met; not all of them count (`known`). */
  get all(): Iterable<Peer> {
    return this.#byName.values();
  }

  get size(): number {
    return this.#byName.size;
  }

  /** How many count as peers, as of now. */
  countKnown(): number {
    let count = 0;
    for (const peer of this.#byName.values()) {
      peer.counted = peer.known;
      if (peer.known) count += 1;
    }
    return count;
  }

  byName(node: string): Peer | undefined {
    return this.#byName.get(node);
  }

  byId(id: number): Peer | undefined {
    return this.#byId.get(id);
  }

  byMac(mac: MacAddress): Peer | undefined {
    for (const peer of this.#byName.values()) if (peer.macs.includes(mac)) return peer;
    return undefined;
  }

  /** The peer of that name, made where there was none; undefined where there is no room for it. */
  admit(node: string, timing: Timing): Peer | undefined {
    const present = this.#byName.get(node);
    if (present !== undefined) return present;
    if (this.#byName.size >= maximumPeers) return undefined;
    const peer = newPeer(node, timing);
    // Two names with one id cannot be told apart in other nodes' heartbeats.
    if (this.#byId.has(peer.id)) return undefined;
    this.#byName.set(node, peer);
    this.#byId.set(peer.id, peer);
    return peer;
  }

  /** Takes over the configured peers; returns those for which there was no room. */
  configure(configs: readonly PeerConfig[], timing: Timing): string[] {
    const refused: string[] = [];
    for (const peer of this.#byName.values()) peer.configured = false;
    for (const config of configs) {
      if (config.node === this.#self) continue;
      const peer = this.admit(config.node, timing);
      if (peer === undefined) {
        refused.push(config.node);
        continue;
      }
      peer.configured = true;
      peer.known = true;
      peer.addresses = config.addresses;
      if (peer.incarnation === 0 || peer.macs.length === 0) peer.macs = config.macs;
    }
    return refused;
  }

  /**
   * Forgets strangers that fell silent, and peers that were taken out of the configuration. Returns when
   * the next one may have to be forgotten.
   */
  forgetGone(now: number): number {
    let next = Infinity;
    for (const peer of this.#byName.values()) {
      if (peer.configured || peer.live) continue;
      const heardAt = Math.max(peer.heardAt, peer.evidenceAt, peer.candidate?.heardAt ?? -Infinity);
      const end = heardAt + strangerKeptMs;
      if (now < end) {
        next = Math.min(next, end);
        continue;
      }
      this.#byName.delete(peer.node);
      this.#byId.delete(peer.id);
    }
    return next;
  }
}

/** Where the next heartbeat to a peer goes: where it was last heard from, else its addresses in turn. */
export function nextAddress(peer: Peer): IpAddress | undefined {
  if (peer.learned !== undefined && peer.mutual) return peer.learned;
  const address = peer.addresses[peer.attempt % Math.max(1, peer.addresses.length)];
  peer.attempt += 1;
  return address ?? peer.learned;
}
