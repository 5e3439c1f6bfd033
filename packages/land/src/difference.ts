import type { ElementChange } from '@fairlead/linux';
import type { ListedTable } from './listing.ts';
import { tableName, type NftChain, type NftSet, type NftTable } from './nft-table.ts';

/** A command of nft's language, or elements that a set or map gains or loses. */
export type Change = string | ElementChange;

/** What nft calls a change. */
export function commandOf(change: Change): string {
  if (typeof change === 'string') return change;
  const { verb, set, elements } = change;
  // An error quotes the first line of a command, which so stays short.
  return `${verb} element ${tableName} ${set} {\n${elements.join(',\n')}\n}`;
}

/**
 * The changes, to be made in one transaction, that turn the table there is (undefined: none) into the table
 * there must be; none where they are the same. What the packet path collected in sets that stay is kept,
 * unless somebody put into the table what cannot be mended in place: then it is made anew.
 */
export function difference(actual: ListedTable | undefined, wanted: NftTable): readonly Change[] {
  if (actual === undefined) return [`add table ${tableName}`, ...changes(nothing, wanted)];
  if (actual.foreign.length === 0 && canBeMended(actual, wanted)) return changes(actual, wanted);
  return [`delete table ${tableName}`, `add table ${tableName}`, ...changes(nothing, wanted)];
}

const nothing: NftTable = { counters: new Set(), sets: new Map(), chains: new Map() };

/** A set's type and a chain's hook cannot be changed. */
function canBeMended(actual: NftTable, wanted: NftTable): boolean {
  const sameSets = [...wanted.sets].every(([name, { kind, declaration }]) => {
    const listed = actual.sets.get(name);
    return listed === undefined || (listed.kind === kind && listed.declaration === declaration);
  });
  const sameHooks = [...wanted.chains].every(
    ([name, { hook }]) => (actual.chains.get(name)?.hook ?? hook) === hook,
  );
  return sameSets && sameHooks;
}

/** Everything is declared before something refers to it, and let go of before it is deleted. */
function changes(actual: NftTable, wanted: NftTable): Change[] {
  const chains = [...wanted.chains].filter(([name, { rules }]) => {
    return !sameRules(actual.chains.get(name), rules);
  });
  const goneChains = namesMissing(actual.chains, wanted.chains);
  return [
    ...namesMissing(wanted.counters, actual.counters).map(command('add counter')),
    ...entriesMissing(wanted.sets, actual.sets).map(addSet),
    ...entriesMissing(wanted.chains, actual.chains).map(addChain),
    ...chains
      .map(([name]) => name)
      .filter((name) => actual.chains.has(name))
      .map(command('flush chain')),
    ...goneChains.map(command('flush chain')),
    ...[...wanted.sets].flatMap(([name, set]) => deleteElements(name, actual.sets.get(name), set)),
    ...chains.flatMap(([name, { rules }]) =>
      rules.map((rule) => `add rule ${tableName} ${name} ${rule}`),
    ),
    ...[...wanted.sets].flatMap(([name, set]) => addElements(name, actual.sets.get(name), set)),
    ...goneChains.map(command('delete chain')),
    ...entriesMissing(actual.sets, wanted.sets).map(
      ([name, { kind }]) => `delete ${kind} ${tableName} ${name}`,
    ),
    ...namesMissing(actual.counters, wanted.counters).map(command('delete counter')),
  ];
}

function command(verb: string): (name: string) => string {
  return (name) => `${verb} ${tableName} ${name}`;
}

interface Named {
  readonly has: (name: string) => boolean;
  readonly keys: () => Iterable<string>;
}

function namesMissing(from: Named, there: Named): string[] {
  return [...from.keys()].filter((name) => !there.has(name));
}

function entriesMissing<T>(from: ReadonlyMap<string, T>, there: Named): [string, T][] {
  return [...from].filter(([name]) => !there.has(name));
}

function sameRules(actual: NftChain | undefined, wanted: readonly string[]): boolean {
  const rules = actual?.rules ?? [];
  return rules.length === wanted.length && wanted.every((rule, at) => rule === rules[at]);
}

function addSet([name, { kind, declaration }]: [string, NftSet]): string {
  return `add ${kind} ${tableName} ${name} { ${declaration} }`;
}

function addChain([name, { hook }]: [string, NftChain]): string {
  return `add chain ${tableName} ${name}${hook === '' ? '' : ` { ${hook} }`}`;
}

function deleteElements(name: string, actual: NftSet | undefined, wanted: NftSet): ElementChange[] {
  const gone = elementsMissing(actual, wanted).map(([key]) => key);
  return elementChange('delete', name, wanted, gone);
}

function addElements(name: string, actual: NftSet | undefined, wanted: NftSet): ElementChange[] {
  const fresh = elementsMissing(wanted, actual).map(([key, value]) =>
    value === '' ? key : `${key} : ${value}`,
  );
  return elementChange('add', name, wanted, fresh);
}

/** Elements of one set that the other has not, or has with another value. */
function elementsMissing(from: NftSet | undefined, there: NftSet | undefined): [string, string][] {
  if (from?.elements === undefined) return [];
  return [...from.elements].filter(([key, value]) => there?.elements?.get(key) !== value);
}

function elementChange(
  verb: ElementChange['verb'],
  set: string,
  { declaration }: NftSet,
  elements: readonly string[],
): ElementChange[] {
  const type = declaration.slice('type '.length, -1);
  return elements.length === 0 ? [] : [{ verb, set, type, elements }];
}
