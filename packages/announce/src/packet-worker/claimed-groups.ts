import { familyOf, solicitedNodeGroup, type IpAddress } from '@fairlead/ip';
import type { SolicitedNodeGroups } from '@fairlead/linux';
import type { ClaimPlan } from '../plan.ts';

type Claimed = Pick<ClaimPlan, 'address'>;

/**
 * Keeps this node a listener of the groups to which solicitations for its claims are sent, whoever holds them now: a
 * take-over has no time to join. IPv4 asks everybody.
 */
export class ClaimedGroups {
  readonly #groups: Pick<SolicitedNodeGroups, 'join' | 'leave' | 'joined'>;
  /** How many claims need a group, by interface: addresses with the same last 24 bits share one (RFC 4291 §2.7.1). */
  #users = new Map<number, Map<IpAddress, number>>();

  constructor(groups: Pick<SolicitedNodeGroups, 'join' | 'leave' | 'joined'>) {
    this.#groups = groups;
  }

  /**
   * Makes the groups those of all claims, by interface.
   * @throws SystemError where an interface has gone
   */
  set(all: ReadonlyMap<number, Iterable<Claimed>>): void {
    this.#users = new Map();
    for (const [interfaceIndex, claims] of all) {
      for (const claim of claims) this.#count(interfaceIndex, claim, 1);
    }
    for (const { interfaceIndex, group } of this.#groups.joined()) {
      if (!this.#users.get(interfaceIndex)?.has(group)) this.#groups.leave(interfaceIndex, group);
    }
    for (const [interfaceIndex, users] of this.#users) {
      for (const group of users.keys()) this.#groups.join(interfaceIndex, group);
    }
  }

  /**
   * What one change of the claims of an interface means, whatever else there is.
   * @throws SystemError where the interface has gone; `set` then makes it good
   */
  change(interfaceIndex: number, gone: Iterable<Claimed>, fresh: Iterable<Claimed>): void {
    const joined: IpAddress[] = [];
    for (const claim of fresh) {
      const { group, users } = this.#count(interfaceIndex, claim, 1);
      if (users === 1 && group !== undefined) joined.push(group);
    }
    for (const claim of gone) {
      const { group, users } = this.#count(interfaceIndex, claim, -1);
      if (users === 0 && group !== undefined) this.#groups.leave(interfaceIndex, group);
    }
    for (const group of joined) this.#groups.join(interfaceIndex, group);
  }

  #count(interfaceIndex: number, { address }: Claimed, change: 1 | -1) {
    if (familyOf(address) !== 6) return { group: undefined, users: 0 };
    const group = solicitedNodeGroup(address);
    const its = this.#users.getOrInsertComputed(interfaceIndex, () => new Map());
    const users = (its.get(group) ?? 0) + change;
    if (users > 0) its.set(group, users);
    else its.delete(group);
    return { group, users };
  }
}
