import type { ListedTable } from './listing.ts';
import type { NftChain, NftSet, NftTable } from './nft-table.ts';

/**
 * Chains and sets that this machine's nft lists in other words than ours, which would be repaired for ever.
 * What reads the same after a repair as before is taken for what was meant, and named.
 */
export class PrintedForms {
  #written: ReadonlyMap<string, string> = new Map();
  readonly #accepted = new Map<string, { readonly listed: string; readonly wanted: string }>();
  readonly #doubtful = new Map<string, { readonly listed: string; readonly wanted: string }>();

  /** Those that were accepted although they read otherwise. */
  get accepted(): readonly string[] {
    return [...this.#accepted.keys()];
  }

  /** The listing, with ours in the place of what is only another wording of it. */
  translate(listed: ListedTable, wanted: NftTable): ListedTable {
    this.#doubtful.clear();
    const chains = new Map(listed.chains);
    const sets = new Map(listed.sets);
    for (const [name, chain] of wanted.chains) {
      const actual = chains.get(name);
      if (
        actual !== undefined &&
        this.#means(chainKey(name), chainText(actual), chainText(chain))
      ) {
        chains.set(name, chain);
      }
    }
    for (const [name, { kind, declaration }] of wanted.sets) {
      const actual = sets.get(name);
      const meant = { kind, declaration };
      if (actual !== undefined && this.#means(setKey(name), setText(actual), setText(meant))) {
        sets.set(name, { ...meant, elements: actual.elements });
      }
    }
    return { ...listed, chains, sets };
  }

  /**
   * To be called once the wanted table is written.
   * @param readAgain asked only where something read otherwise than what was written before
   */
  settle(wanted: NftTable, readAgain: () => ListedTable | undefined): void {
    this.#written = textsOf(wanted);
    const again = this.#doubtful.size === 0 ? undefined : readAgain();
    const texts = again === undefined ? new Map<string, string>() : textsOf(again);
    for (const [key, pair] of this.#doubtful) {
      if (texts.get(key) === pair.listed) this.#accepted.set(key, pair);
    }
    this.#doubtful.clear();
  }

  #means(key: string, listed: string, wanted: string): boolean {
    const accepted = this.#accepted.get(key);
    if (accepted?.listed === listed && accepted.wanted === wanted) return true;
    this.#accepted.delete(key);
    if (listed !== wanted && this.#written.get(key) !== listed) {
      this.#doubtful.set(key, { listed, wanted });
    }
    return listed === wanted;
  }
}

function textsOf({ chains, sets }: NftTable): Map<string, string> {
  const texts = new Map<string, string>();
  for (const [name, chain] of chains) texts.set(chainKey(name), chainText(chain));
  for (const [name, set] of sets) texts.set(setKey(name), setText(set));
  return texts;
}

function chainKey(name: string): string {
  return `chain ${name}`;
}

function setKey(name: string): string {
  return `set ${name}`;
}

function chainText({ hook, rules }: NftChain): string {
  return [hook, ...rules].join('\n');
}

function setText({ kind, declaration }: Pick<NftSet, 'kind' | 'declaration'>): string {
  return `${kind} ${declaration}`;
}
