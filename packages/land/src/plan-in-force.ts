import { listChange } from '@fairlead/cluster';
import { difference, type Change } from './difference.ts';
import { entryKey } from './entry-key.ts';
import type { NftSet, NftTable } from './nft-table.ts';
import type { LandEntry, LandPlan } from './plan.ts';
import { entryTable, renderVariable } from './render.ts';

/**
 * A plan whose table is in force. From it to the next one costs what changes, not the rendering of thousands of
 * entries: those that are the same object in both plans are not looked at.
 */
export class PlanInForce {
  #plan: LandPlan;
  /** How many entries need a set or chain that more than one may need, by its name. */
  readonly #users = new Map<string, number>();

  constructor(plan: LandPlan) {
    this.#plan = plan;
    for (const entry of plan.entries) this.#count(entry, 1);
  }

  /** What makes the table that of another plan, as `difference` of the two whole tables has them. */
  changeTo(plan: LandPlan): readonly Change[] {
    const before = this.#plan;
    this.#plan = plan;
    const entries = listChange(before.entries, plan.entries);
    const addresses = listChange(before.addresses, plan.addresses);
    const answering = listChange(before.answering, plan.answering);
    const actual = renderVariable({
      ...before,
      addresses: addresses.gone,
      answering: answering.gone,
      entries: entries.gone,
    });
    const wanted = renderVariable({
      ...plan,
      addresses: addresses.fresh,
      answering: answering.fresh,
      entries: entries.fresh,
    });
    for (const entry of entries.gone) this.#count(entry, -1);
    const staying = (name: string) => this.#users.has(name);
    const changes = difference(
      { ...withStaying(actual, wanted, staying), foreign: [] },
      withStaying(wanted, actual, staying),
    );
    for (const entry of entries.fresh) this.#count(entry, 1);
    return changes;
  }

  #count(entry: LandEntry, change: 1 | -1): void {
    const { sets, chains } = entryTable(entry);
    const own = `/${entryKey(entry)}`;
    for (const name of new Set([...sets.keys(), ...chains.keys()])) {
      if (name.endsWith(own)) continue;
      const users = (this.#users.get(name) ?? 0) + change;
      if (users === 0) this.#users.delete(name);
      else this.#users.set(name, users);
    }
  }
}

/** The part of a table, with what only the other part names although it is in both, as entries that stay need it. */
function withStaying(part: NftTable, other: NftTable, stays: (name: string) => boolean): NftTable {
  const sets = new Map(part.sets);
  const chains = new Map(part.chains);
  for (const [name, set] of other.sets)
    if (!sets.has(name) && stays(name)) sets.set(name, empty(set));
  for (const [name, chain] of other.chains) {
    if (!chains.has(name) && stays(name)) chains.set(name, chain);
  }
  return { ...part, sets, chains };
}

function empty(set: NftSet): NftSet {
  return { ...set, elements: set.elements && new Map() };
}
