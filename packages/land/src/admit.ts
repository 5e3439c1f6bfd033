import type { NftablesError } from '@fairlead/linux';
import { LandError } from './land-error.ts';
import type { NftTable } from './nft-table.ts';
import type { LandEntry, LandPlan } from './plan.ts';
import { renderTable } from './render.ts';

/** Makes a part of the plan true; the error where nftables refuses it. */
type Attempt = (part: LandPlan) => NftablesError | undefined;

/**
 * Finds, by halving, the entries that nftables refuses, and leaves the rest in force. Entries that the
 * kernel holds already stay in force throughout.
 * @throws LandError where it refuses even the entries it holds already
 */
export function admit(
  plan: LandPlan,
  listed: NftTable | undefined,
  attempt: Attempt,
): ReadonlyMap<LandEntry, NftablesError> {
  const groups = Map.groupBy(
    plan.entries,
    (entry) => listed !== undefined && holds(listed, plan, entry),
  );
  const admitted = [...(groups.get(true) ?? [])];
  const refused = new Map<LandEntry, NftablesError>();
  const error = attempt({ ...plan, entries: admitted });
  if (error !== undefined) throw new LandError(error);
  const pending = [groups.get(false) ?? []];
  for (let part = pending.pop(); part !== undefined; part = pending.pop()) {
    const [first] = part;
    if (first === undefined) continue;
    const error = attempt({ ...plan, entries: [...admitted, ...part] });
    if (error === undefined) admitted.push(...part);
    else if (part.length === 1) refused.set(first, error);
    else {
      const half = part.length >> 1;
      pending.push(part.slice(half), part.slice(0, half));
    }
  }
  return refused;
}

/** Whether the table has everything of an entry, as the entry wants it. */
function holds(listed: NftTable, plan: LandPlan, entry: LandEntry): boolean {
  const alone = renderTable({ ...plan, addresses: [], answering: [], entries: [entry] });
  return (
    [...alone.sets].every(([name, { elements }]) =>
      [...(elements ?? [])].every(
        ([key, value]) => listed.sets.get(name)?.elements?.get(key) === value,
      ),
    ) &&
    [...alone.chains].every(([name, { rules }]) => {
      const actual = listed.chains.get(name)?.rules ?? [];
      return rules.every((rule, at) => rule === actual[at]);
    })
  );
}
