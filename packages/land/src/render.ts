import { addressBits, familyOf, type IpAddress, type IpFamily } from '@fairlead/ip';
import { entryKey } from './entry-key.ts';
import { fixedChains, fixedCounters, packetSets } from './fixed-rules.ts';
import type { NftTable } from './nft-table.ts';
import type { LandEntry, LandPlan } from './plan.ts';
import { addAffinity } from './render-affinity.ts';
import {
  addressType,
  entryExpression,
  entryType,
  ip,
  protocolNumber,
  TableDraft,
} from './table-draft.ts';

const families = [4, 6] as const;

/**
 * The table that a plan asks for, rules word by word as nft 1.0 lists them, so that a listing can be
 * compared with it.
 *
 * A new flow to `address . protocol . port` is looked up in `restricted` (source ranges) and `landing`;
 * from there `pods-N` picks one of N places by hash and `pod-K` rewrites to the pod that stands in place K
 * for this entry. So an entry costs elements, which are quick to change, and neither a chain nor a rule;
 * only source ranges and affinity have chains of their own.
 */
export function renderTable(plan: LandPlan): NftTable {
  const table = renderVariable(plan);
  for (const [name, set] of packetSets) table.sets.set(name, set);
  for (const counter of fixedCounters) table.counters.add(counter);
  for (const [name, chain] of fixedChains) table.chains.set(name, chain);
  return table;
}

/** The part of the table that depends on the plan. */
export function renderVariable(plan: LandPlan): TableDraft {
  const table = new TableDraft();
  table.addElements('announcing', 'set', 'ifname', plan.announcingInterfaces.map(quoted));
  for (const family of families) {
    const ofFamily = (address: IpAddress) => familyOf(address) === family;
    const type = addressType[family];
    table.addElements(`addresses${family}`, 'set', type, plan.addresses.filter(ofFamily));
    table.addElements(`answering${family}`, 'set', type, plan.answering.filter(ofFamily));
    table.addElements(`restricted${family}`, 'map', `${entryType(family)} : verdict`, []);
    table.addElements(`landing${family}`, 'map', `${entryType(family)} : verdict`, []);
    // Nearly every entry needs it, so it does not come and go with the first.
    addPlace(table, family, `pod-0-v${family}`);
  }
  for (const entry of plan.entries) addEntry(table, entry);
  return table;
}

/** What one entry has by itself: sets and chains, with its own elements. */
export function entryTable(entry: LandEntry): NftTable {
  const table = new TableDraft();
  addEntry(table, entry);
  return table;
}

function addEntry(table: TableDraft, entry: LandEntry): void {
  const family = familyOf(entry.address);
  const element = `${entry.address} . ${protocolNumber[entry.protocol]} . ${entry.port}`;
  if (entry.sources !== undefined) {
    table.setElement(`restricted${family}`, element, `jump ${addSourceRanges(table, entry)}`);
  }
  const chain =
    entry.affinitySeconds === undefined
      ? addPlaces(table, entry, element)
      : addAffinity(table, entry, entry.affinitySeconds);
  table.setElement(`landing${family}`, element, `goto ${chain}`);
}

/** Puts each pod of the entry into a place; the chain that picks one of them. */
function addPlaces(table: TableDraft, entry: LandEntry, element: string): string {
  const family = familyOf(entry.address);
  entry.pods.forEach((pod, place) => {
    const name = `pod-${place}-v${family}`;
    if (!table.sets.has(name)) addPlace(table, family, name);
    table.setElement(name, element, `${pod.address} . ${pod.port}`);
  });
  const count = entry.pods.length;
  if (count === 1) return `pod-0-v${family}`;
  const chooser = `pods-${count}-v${family}`;
  if (!table.chains.has(chooser)) {
    const places = entry.pods.map((_, place) => `${place} : goto pod-${place}-v${family}`);
    // One client port always gets the same place, even where conntrack has forgotten it (idle UDP).
    const rule = `jhash ${ip[family]} saddr . th sport mod ${count} vmap { ${places.join(', ')} }`;
    table.chains.set(chooser, { hook: '', rules: [rule] });
  }
  return chooser;
}

function addPlace(table: TableDraft, family: IpFamily, name: string): void {
  const type = `${entryType(family)} : ${addressType[family]} . inet_service`;
  table.addElements(name, 'map', type, []);
  const rewrite = (map: string) =>
    `meta l4proto { 6, 17, 132 } dnat ${ip[family]} to ${entryExpression(family)} map @${map}`;
  const first = `pod-0-v${family}`;
  // The places of an entry and their number change in one transaction, but a packet may read them from
  // either side of it: one that finds its place gone takes the first, which is there as long as any is.
  const maps = name === first ? [name] : [name, first];
  table.chains.set(name, { hook: '', rules: ['counter name "landed"', ...maps.map(rewrite)] });
}

/** The chain that drops whoever is in none of the source ranges, as kube-proxy does. */
function addSourceRanges(table: TableDraft, entry: LandEntry): string {
  const family = familyOf(entry.address);
  const key = entryKey(entry);
  const counter = `denied/${key}`;
  table.counters.add(counter);
  // One rule a network, not a set: the kernel takes time quadratic in the number of sets of a table.
  const allow = (entry.sources ?? []).map(({ address, length }) => {
    const network = length === addressBits(family) ? address : `${address}/${length}`;
    return `${ip[family]} saddr ${network} return`;
  });
  const name = `sources/${key}`;
  table.chains.set(name, { hook: '', rules: [...allow, `counter name "${counter}" drop`] });
  return name;
}

function quoted(name: string): string {
  return `"${name}"`;
}
