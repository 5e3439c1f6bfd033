import type { IpAddress } from '@fairlead/ip';
import { dropReasons, type DropReason } from './codec/heartbeat.ts';

/** The last datagram that was dropped for a reason. */
interface LastDrop {
  readonly from: IpAddress;
  readonly at: number;
}

/** What was seen on the wire besides good heartbeats: counted, and the last of each kind remembered. */
export class Observations {
  received = 0;
  /** Arrived during a pause that was too long. */
  discarded = 0;
  /** The id of the other cluster whose heartbeats arrive, as it calls itself. */
  foreignCluster = '';
  readonly #counts = new Map<DropReason, number>(dropReasons.map((reason) => [reason, 0]));
  readonly #last = new Map<DropReason, LastDrop>();

  drop(reason: DropReason, from: IpAddress, at: number): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    this.#last.set(reason, { from, at });
  }

  /** How many datagrams were dropped, by reason. */
  get dropped(): ReadonlyMap<DropReason, number> {
    return this.#counts;
  }

  /** Where the last one came from, if that was after `since`. */
  lastFrom(reason: DropReason, since: number): IpAddress | undefined {
    const last = this.#last.get(reason);
    return last !== undefined && last.at > since ? last.from : undefined;
  }
}
