import type { IpAddress, MacAddress } from '@fairlead/ip';
import type { Datagram, SegmentIo } from '../segment-io.ts';
import type { SegmentMember } from '../turn.ts';

/** What an agent's machine does for it. */
export interface Machine {
  readonly member: SegmentMember | undefined;
  /** Called at each call of the agent: it may be stopped at any of them. */
  step(): void;
  readClock(): bigint;
  random(): number;
  takeDatagram(): Datagram | undefined;
  send(to: IpAddress, bytes: Uint8Array): void;
  storeFence(deadlineNs: number): void;
  askEcho(mac: MacAddress): void;
}

/** The agent's surroundings; they forget an agent that was killed. */
export class NodeIo implements SegmentIo {
  member: SegmentMember | undefined;
  readonly #node: Machine;

  constructor(node: Machine) {
    this.#node = node;
  }

  now(): bigint {
    this.#node.step();
    return this.#node.readClock();
  }

  receive(): Datagram | undefined {
    this.#node.step();
    return this.#lives ? this.#node.takeDatagram() : undefined;
  }

  send(to: IpAddress, bytes: Uint8Array): void {
    this.#node.step();
    if (this.#lives) this.#node.send(to, bytes);
  }

  storeFence(deadlineNs: bigint): void {
    this.#node.step();
    if (this.#lives) this.#node.storeFence(Number(deadlineNs));
  }

  askEcho(mac: MacAddress): void {
    this.#node.step();
    if (this.#lives) this.#node.askEcho(mac);
  }

  random(): number {
    return this.#node.random();
  }

  get #lives(): boolean {
    return this.#node.member === this.member;
  }
}
