import type { Problem } from '@fairlead/cluster';
import {
  NftablesError,
  type ElementChange,
  type ListOptions,
  type RulesetChange,
  type RulesetWatch,
} from '@fairlead/linux';
import { admit } from './admit.ts';
import { PlanInForce } from './plan-in-force.ts';
import { commandOf, difference, type Change } from './difference.ts';
import { droppingChains, forwardDropProblems } from './forward-policy.ts';
import { shortText } from './land-error.ts';
import { parseListing, type ListedTable } from './listing.ts';
import { tableName } from './nft-table.ts';
import type { LandEntry, LandPlan } from './plan.ts';
import { PrintedForms } from './printed-forms.ts';
import { renderTable } from './render.ts';

/** What the driver needs of nftables; `Nftables` of @fairlead/linux has it. */
export interface NftablesAccess extends Disposable {
  /** Runs a script as one transaction. @throws NftablesError */
  run(script: string): void;
  /** Changes elements of a table's sets, where the ruleset is of that generation. @throws NftablesError */
  changeElements(table: string, changes: readonly ElementChange[], generation: number): void;
  /** A listing as text; undefined where the thing is not there. */
  list(what: string, options?: ListOptions): string | undefined;
  /** One more with every transaction of anybody. */
  generation(): number;
  /** Follows the transactions of everybody; `onConcern` is told of those of others. */
  watch(
    concerns: (change: RulesetChange) => boolean,
    onConcern: () => void,
  ): Pick<RulesetWatch, 'mayDiffer'> & Disposable;
}

/** What our table holds, as long as nobody has changed it since. */
interface InForce {
  readonly generation: number;
  readonly plan: PlanInForce;
}

export interface LandReport {
  /** Changes that had to be made; 0 = the kernel held what the plan asks for. */
  readonly changes: number;
  /** The plan's own, what nftables refused, and chains of others that stop what is forwarded, as Docker's and ufw's do. */
  readonly problems: readonly Problem[];
}

/**
 * Keeps the table `inet fairlead` as a plan asks for. Each call changes what differs from what the kernel holds, so
 * it repairs what others flushed or edited, and a new agent with the same plan changes nothing. The table is read
 * back unless the kernel says that nobody has touched it since. Disposing of the driver leaves the table in force:
 * packets go on without an agent.
 */
export class LandDriver implements Disposable {
  readonly #nftables: NftablesAccess;
  readonly #watch: ReturnType<NftablesAccess['watch']>;
  readonly #printed = new PrintedForms();
  #inForce: InForce | undefined;
  /** Chains of others that drop what is forwarded, and those that stop our packets, when the ruleset was last read. */
  #dropping: readonly string[] = [];
  #forwardProblems: readonly Problem[] = [];

  /**
   * @param nftables disposed of together with the driver
   * @param onChange called when somebody else has changed what a plan is compared with
   */
  constructor(nftables: NftablesAccess, onChange: () => void = () => {}) {
    this.#nftables = nftables;
    this.#watch = nftables.watch((change) => this.#concerns(change), onChange);
  }

  /**
   * Makes the plan true, in one transaction. Entries that nftables refuses are left out, each with a
   * problem; the others are in force.
   * @throws LandError where nftables refuses the table itself
   */
  apply(plan: LandPlan): LandReport {
    const changes = this.#change(plan);
    if (changes === undefined) return this.#compare(plan);
    return this.#report(plan, changes, []);
  }

  /** @returns how many changes were made; undefined where it is not known what the kernel holds now */
  #change(plan: LandPlan): number | undefined {
    const inForce = this.#inForce;
    this.#inForce = undefined;
    if (inForce === undefined) return undefined;
    const changes = inForce.plan.changeTo(plan);
    if (isFewElements(changes)) return this.#changeElements(inForce, changes);
    const generation = this.#nftables.generation();
    if (this.#watch.mayDiffer(inForce.generation, generation)) return undefined;
    if (this.#attempt(changes) !== undefined) return undefined;
    this.#remember(() => inForce.plan, generation, changes);
    return changes.length;
  }

  #changeElements(inForce: InForce, changes: readonly ElementChange[]): number | undefined {
    let { generation } = inForce;
    for (let attempts = 0; attempts < mostAttempts; attempts += 1) {
      const known = generation;
      const change = () => this.#nftables.changeElements(tableName, changes, known);
      if (attempt(change) === undefined) {
        this.#inForce = { generation: known + 1, plan: inForce.plan };
        return changes.length;
      }
      generation = this.#nftables.generation();
      // Somebody was faster, if elsewhere in the ruleset; else it was refused for another reason.
      if (known === generation || this.#watch.mayDiffer(known, generation)) return undefined;
    }
    return undefined;
  }

  /** If ours was the only transaction since that generation, the kernel holds what the plan asks for. */
  #remember(plan: () => PlanInForce, before: number, changes: readonly Change[]): void {
    const generation = changes.length === 0 ? before : before + 1;
    if (this.#nftables.generation() === generation) this.#inForce = { generation, plan: plan() };
  }

  #concerns({ table, chain, hooked }: RulesetChange): boolean {
    return table === tableName || hooked || this.#dropping.includes(`${table} ${chain}`);
  }

  #compare(plan: LandPlan): LandReport {
    const generation = this.#nftables.generation();
    const list = (what: string) => this.#nftables.list(what) ?? '';
    this.#dropping = droppingChains(list('chains'));
    this.#forwardProblems = forwardDropProblems(plan.node, this.#dropping, list);
    const wanted = renderTable(plan);
    const read = this.#read();
    const listed = read === undefined ? undefined : this.#printed.translate(read, wanted);
    const changes = difference(listed, wanted);
    if (this.#attempt(changes) === undefined) {
      if (changes.length > 0) this.#printed.settle(wanted, () => this.#read());
      this.#remember(() => new PlanInForce(plan), generation, changes);
      return this.#report(plan, changes.length, []);
    }
    const refused = this.#applyInParts(plan, listed);
    const problems = [...refused].map(([entry, error]) => refusal(entry, error));
    return this.#report(plan, changes.length, problems);
  }

  #report(plan: LandPlan, changes: number, problems: readonly Problem[]): LandReport {
    return {
      changes,
      problems: [
        ...plan.problems,
        ...this.#forwardProblems,
        ...this.#wordingProblems(plan),
        ...problems,
      ],
    };
  }

  /** What packets were counted as, by counter: `landed`, `guard-refused`, `denied/10.0.0.1/tcp/80` … */
  counters(): ReadonlyMap<string, number> {
    const text = this.#nftables.list(`counters table ${tableName}`) ?? '';
    const counters = text.matchAll(/counter (\S+) \{\s+packets (\d+)/gu);
    return new Map([...counters].map(([, name = '', packets]) => [name, Number(packets)]));
  }

  /** Deletes our table, and nothing else. */
  remove(): void {
    // What is deleted must be there.
    this.#nftables.run(`add table ${tableName}\ndelete table ${tableName}`);
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
    this.#nftables[Symbol.dispose]();
  }

  #read(): ListedTable | undefined {
    const text = this.#nftables.list(`table ${tableName}`, { numeric: true, stateless: true });
    return text === undefined ? undefined : parseListing(text);
  }

  #applyInParts(plan: LandPlan, listed: ListedTable | undefined) {
    let actual = listed;
    return admit(plan, listed, (part) => {
      const wanted = renderTable(part);
      const mend = difference(actual, wanted);
      const outcome = this.#attempt(mend);
      if (outcome === undefined) actual = { ...wanted, foreign: [] };
      return outcome;
    });
  }

  #attempt(changes: readonly Change[]): NftablesError | undefined {
    if (changes.length === 0) return undefined;
    return attempt(() => this.#nftables.run(changes.map(commandOf).join('\n')));
  }

  #wordingProblems(plan: LandPlan): readonly Problem[] {
    return this.#printed.accepted.map((name) => ({
      object: `Node/${plan.node}`,
      field: `nftables table ${tableName}`,
      value: name,
      message:
        'Reads otherwise than it was written, and did so again after a repair. Either this version of nft words it differently, or another program keeps editing it: compare `nft list table inet fairlead` with docs/architecture.md.',
    }));
  }
}

/** Where others change the ruleset all the time, a script is not bound to what it was. */
const mostAttempts = 5;

/** More of them are a script, whose reader may take its time. */
const fewElements = 200;

function isFewElements(changes: readonly Change[]): changes is readonly ElementChange[] {
  let count = 0;
  for (const change of changes) {
    if (typeof change === 'string') return false;
    count += change.elements.length;
  }
  return count > 0 && count <= fewElements;
}

function attempt(work: () => void): NftablesError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof NftablesError) return error;
    throw error;
  }
}

function refusal({ service, address, protocol, port }: LandEntry, error: NftablesError): Problem {
  return {
    object: `Service/${service}`,
    field: 'spec.ports',
    value: `${protocol} ${port}`,
    message: `nftables refuses to bring this port of ${address} to a pod of this node: ${shortText(error)}. It is tried again with every change; everything else is in force.`,
  };
}
