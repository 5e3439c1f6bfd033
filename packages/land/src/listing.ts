import { parseAddress } from '@fairlead/ip';
import { tableName, type NftChain, type NftSet, type NftTable } from './nft-table.ts';

/** A table as it is. */
export interface ListedTable extends NftTable {
  /** Lines of what we never write, such as another kind of object: somebody edited the table. */
  readonly foreign: readonly string[];
}

/**
 * Reads what nft lists for our table, numeric and without state. What it does not know ends up in
 * `foreign`; it never throws.
 */
export function parseListing(text: string): ListedTable {
  const counters = new Set<string>();
  const sets = new Map<string, NftSet>();
  const chains = new Map<string, NftChain>();
  const foreign: string[] = [];
  for (const { head, body } of blocksOf(text, foreign)) {
    const [, kind, name] = /^(set|map|chain|counter) ([A-Za-z][\w/.-]*) \{$/u.exec(head) ?? [];
    if (name === undefined) foreign.push(head);
    else if (kind === 'counter') counters.add(name);
    else if (kind === 'chain') chains.set(name, chainOf(body));
    else sets.set(name, setOf(kind === 'map' ? 'map' : 'set', body, foreign));
  }
  return { counters, sets, chains, foreign };
}

/** The blocks inside the table's braces, their lines without indentation. */
function* blocksOf(text: string, foreign: string[]) {
  let block: { readonly head: string; readonly body: string[] } | undefined;
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    if (block === undefined) {
      if (raw.startsWith('\t') && line.endsWith('{')) block = { head: line, body: [] };
      else if (line !== '' && line !== '}' && line !== `table ${tableName} {`) foreign.push(line);
    } else if (raw === '\t}') {
      yield block;
      block = undefined;
    } else if (line !== '') {
      block.body.push(line);
    }
  }
  if (block !== undefined) foreign.push(block.head);
}

function chainOf(body: readonly string[]): NftChain {
  const [hook = ''] = body;
  return /^type \w+ hook /u.test(hook) ? { hook, rules: body.slice(1) } : { hook: '', rules: body };
}

function setOf(kind: 'set' | 'map', body: readonly string[], foreign: string[]): NftSet {
  const start = body.findIndex((line) => line.startsWith('elements = {'));
  // Newer versions of nft say how full a set is: `size 65535 # count 3`.
  const lines = (start < 0 ? body : body.slice(0, start)).map((line) =>
    line.replace(/\s*#.*/u, ''),
  );
  const declaration = `${lines.join('; ')};`;
  if (lines.some((line) => /^flags .*dynamic/u.test(line))) {
    return { kind, declaration, elements: undefined };
  }
  const text = start < 0 ? '' : body.slice(start).join(' ');
  const inner = text.replace('elements = { ', '').replace(/ \}$/u, '');
  const elements = new Map<string, string>();
  for (const element of inner === '' ? [] : inner.split(', ')) {
    const [key = '', value = ''] = element.split(' : ', 2);
    // The key stands in a script again where the element has to go.
    if (/^[\w.: "@+=~#%-]+$/u.test(key)) elements.set(canonical(key), canonical(value));
    else foreign.push(element);
  }
  return { kind, declaration, elements };
}

/** The C library writes some IPv6 addresses otherwise than RFC 5952, as in `::192.0.2.1`. */
function canonical(text: string): string {
  if (!/:.*\d\.\d/u.test(text)) return text;
  return text
    .split(' . ')
    .map((part) => parseAddress(part) ?? part)
    .join(' . ');
}
