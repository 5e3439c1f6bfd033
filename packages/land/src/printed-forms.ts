import type { ListedTable } from './listing.ts';
import type { NftChain, NftSet, NftTable } from './nft-table.ts';

/**
 * Rules that this machine's nft lists in other words than the ones we write and other versions list. Such a
 * rule would be repaired for ever, each repair being an event that asks for the next. What reads the same
 * after its repair as before is therefore taken for what was meant, and named.
 */
export class PrintedForms {
  readonly #repaired = new Map<string, string>();
  readonly #accepted = new Map<string, string>();

  /** The chains and sets that were accepted although they read otherwise. */
  get accepted(): readonly string[] {
    return [...this.#accepted.keys()];
  }

  /** The listing, with what is only a matter of words replaced by our own. Call it before each repair. */
  translate(listed: ListedTable, wanted: NftTable): ListedTable {
    const chains = new Map(listed.chains);
    for (const [name, chain] of wanted.chains) {
      const actual = listed.chains.get(name);
      if (
        actual !== undefined &&
        this.#means(`chain ${name}`, chainText(actual), chainText(chain))
      ) {
        chains.set(name, chain);
      }
    }
    const sets = new Map(listed.sets);
    for (const [name, set] of wanted.sets) {
      const actual = listed.sets.get(name);
      if (actual !== undefined && this.#means(`set ${name}`, setText(actual), setText(set))) {
        sets.set(name, { ...actual, kind: set.kind, declaration: set.declaration });
      }
    }
    return { ...listed, chains, sets };
  }

  #means(name: string, listed: string, wanted: string): boolean {
    if (listed === wanted) {
      this.#repaired.delete(name);
      this.#accepted.delete(name);
      return true;
    }
    const pair = `${wanted}\n\n${listed}`;
    if (this.#accepted.get(name) === pair) return true;
    this.#accepted.delete(name);
    if (this.#repaired.get(name) !== pair) {
      this.#repaired.set(name, pair);
      return false;
    }
    this.#accepted.set(name, pair);
    return true;
  }
}

function chainText({ hook, rules }: NftChain): string {
  return [hook, ...rules].join('\n');
}

function setText({ kind, declaration }: NftSet): string {
  return `${kind} ${declaration}`;
}
