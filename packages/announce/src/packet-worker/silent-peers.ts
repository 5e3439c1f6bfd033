import type { IpAddress, MacAddress } from '@fairlead/ip';
import type { PeerState } from '@fairlead/membership';

/** Between two questions to a peer that is silent. */
const ASK_EVERY_MS = 100;
/** One that has answered none of the last questions is not there any more. */
const ANSWERS_WITHIN_MS = 300;

export interface SilentPeersIo {
  /** Asks a MAC by unicast ARP or NDP for an address. */
  readonly ask: (address: IpAddress, mac: MacAddress) => void;
  /** Has the responder tell, or no longer tell, who claims the address. */
  readonly watch: (address: IpAddress, on: boolean) => void;
}

interface Silent {
  readonly address: IpAddress;
  readonly mac: MacAddress;
  answeredAt: number;
}

/**
 * Tells a dead node from one whose agent alone is silent. Where a kernel still answers for the node's own
 * address, what is pinned there goes on landing packets, and moving its flows would break them. Times are
 * monotonic milliseconds.
 */
export class SilentPeers {
  readonly #io: SilentPeersIo;
  readonly #silent = new Map<string, Silent>();
  #peers: readonly PeerState[] = [];
  #nextAskAt = Infinity;

  constructor(io: SilentPeersIo) {
    this.#io = io;
  }

  /** Takes in who is live now. */
  update(peers: readonly PeerState[], now: number): void {
    this.#peers = peers;
    const silent = new Set(peers.filter(({ live }) => !live).map(({ node }) => node));
    for (const [node, { address }] of this.#silent) {
      if (silent.has(node)) continue;
      this.#silent.delete(node);
      this.#io.watch(address, false);
    }
    for (const node of silent) this.#suspect(node);
    this.#nextAskAt = this.#silent.size === 0 ? Infinity : Math.min(this.#nextAskAt, now);
  }

  /** A peer missed its heartbeats: it is asked before it counts as silent, so that the answer is there. */
  suspect(mac: MacAddress): void {
    const peer = this.#peers.find(({ macs }) => macs.includes(mac));
    const suspected = peer && this.#suspect(peer.node);
    if (suspected !== undefined) this.#io.ask(suspected.address, suspected.mac);
  }

  /** Somebody at that MAC speaks from the address. Returns whether the address is a silent peer's. */
  answered(address: IpAddress, mac: MacAddress, now: number): boolean {
    for (const silent of this.#silent.values()) {
      if (silent.address !== address) continue;
      if (silent.mac === mac) silent.answeredAt = now;
      return true;
    }
    return false;
  }

  /** Asks whom it is time to ask. */
  tick(now: number): void {
    if (now < this.#nextAskAt) return;
    this.#nextAskAt = now + ASK_EVERY_MS;
    for (const { address, mac } of this.#silent.values()) this.#io.ask(address, mac);
  }

  /** When `tick` has to be called, and `isThere` may change. */
  get deadline(): number {
    return this.#nextAskAt;
  }

  /** Addresses whose claims have to be told. */
  get watched(): IpAddress[] {
    return Array.from(this.#silent.values(), ({ address }) => address);
  }

  /** Whether frames for the node still arrive at its kernel. */
  isThere({ node, live }: PeerState, now: number): boolean {
    const silent = this.#silent.get(node);
    return live || (silent !== undefined && now < silent.answeredAt + ANSWERS_WITHIN_MS);
  }

  #suspect(node: string): Silent | undefined {
    const known = this.#silent.get(node);
    const peer = this.#peers.find((each) => each.node === node);
    const [mac] = peer?.macs ?? [];
    if (known !== undefined || mac === undefined || peer?.address === undefined) return known;
    const silent = { address: peer.address, mac, answeredAt: -Infinity };
    this.#silent.set(node, silent);
    this.#io.watch(silent.address, true);
    return silent;
  }
}
