import type { IpAddress, MacAddress } from '@fairlead/ip';
import type { HoldingChange } from './machine/holding.ts';

/** What arrived on the heartbeat port. */
export interface Datagram {
  readonly from: IpAddress;
  readonly bytes: Uint8Array;
}

/** The world of one segment: a clock, a socket bound to its interface, the fence in the kernel. */
export interface SegmentIo {
  /** CLOCK_MONOTONIC, nanoseconds: the clock by which the kernel judges the fence. */
  now(): bigint;
  /** The next datagram of the socket; undefined = none is waiting. */
  receive(): Datagram | undefined;
  /** Sends to the heartbeat port of a peer at one of its addresses; a refusal by the kernel is the caller's to count. */
  send(to: IpAddress, bytes: Uint8Array, node: string): void;
  /** From that moment on, the kernel answers for no address of the segment until another is stored. */
  storeFence(deadlineNs: bigint): void;
  /** Asks by unicast ARP for 192.0.0.8, which a peer's kernel answers while its fence is ahead. */
  askEcho(mac: MacAddress): void;
  /** 32 random bits from a source that nobody can guess. */
  random(): number;
}

/** Who wants to know what the rules decided; called within a turn, in the order of events. */
export interface SegmentListener {
  /** Answer, or stop answering, for the addresses of a bucket; when this returns, it is so. */
  onHolding(announcement: number, change: HoldingChange): void;
  /** Another node of ours claimed an address that is this node's: announce it again. */
  onReannounce(announcement: number, bucket: number): void;
}

/** Another node as far as frames for it are concerned. */
export interface PeerState {
  readonly node: string;
  readonly live: boolean;
  /** The first is the one to send frames to; empty = never heard. */
  readonly macs: readonly MacAddress[];
  /** The one that it was heard from, else the first that is known. */
  readonly address: IpAddress | undefined;
}
