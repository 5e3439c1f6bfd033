import { readFileSync } from 'node:fs';
import { Attributes } from './attributes.ts';
import type { NetlinkMessage } from './message.ts';
import { NetlinkEvents } from './netlink-events.ts';
import { NetlinkProtocol } from './netlink-socket.ts';
import { familyNumbers, nfgenmsgSize, NftablesMessage, nftablesSubsystem } from './nf-tables.ts';
import { decodeRulesetGeneration, type RulesetGeneration } from './ruleset-generation.ts';

/** What a transaction did somewhere in the nftables ruleset. */
export interface RulesetChange {
  /** As after `nft list table`: `ip filter`. */
  readonly table: string;
  /** Where it is about a chain, or a rule in one. */
  readonly chain: string | undefined;
  /** It made or changed a chain that packets enter by from the kernel. */
  readonly hooked: boolean;
}

/** NFNLGRP_NFTABLES */
const nftablesGroup = 7;

/** NFTA_…_TABLE and NFTA_TABLE_NAME are the same in messages of every kind. */
const tableAttribute = 1;
const ChainAttribute = { name: 3, hook: 4 } as const;
const RuleAttribute = { chain: 2 } as const;

const familyNames: ReadonlyMap<number, string> = new Map(
  Object.entries(familyNumbers).map(([name, number]) => [number, name]),
);

/**
 * Reads an event of nftables; undefined where it is about nothing that a table has.
 * @throws ProtocolError
 */
export function decodeRulesetChange({
  type,
  payload,
  offset,
}: NetlinkMessage): RulesetChange | undefined {
  if (type >> 8 !== nftablesSubsystem || type === NftablesMessage.newGeneration) return undefined;
  const attributes = new Attributes(payload.subarray(nfgenmsgSize), offset + nfgenmsgSize);
  const name = attributes.text(tableAttribute);
  if (name === undefined) return undefined;
  const family = familyNames.get(payload[0] ?? 0) ?? String(payload[0]);
  const isChain = type === NftablesMessage.newChain || type === NftablesMessage.deleteChain;
  const isRule = type === NftablesMessage.newRule || type === NftablesMessage.deleteRule;
  const chainAttribute = isChain ? ChainAttribute.name : RuleAttribute.chain;
  return {
    table: `${family} ${name}`,
    chain: isChain || isRule ? attributes.text(chainAttribute) : undefined,
    hooked: isChain && attributes.bytes(ChainAttribute.hook) !== undefined,
  };
}

/**
 * Follows the transactions on this namespace's nftables ruleset, and which of them concern its owner, so that the
 * ruleset need not be read again because others write to tables of their own, as kube-proxy does all the time.
 */
export class RulesetWatch implements Disposable {
  readonly #concerns: (change: RulesetChange) => boolean;
  readonly #events: NetlinkEvents;
  /** After this generation every transaction was seen. */
  #knownFrom = Infinity;
  #last = -1;
  /** The last generation whose transaction concerns. */
  #concernedAt = -1;
  /** The transaction that is being told concerns. */
  #concerned = false;

  /**
   * Runs on the event loop of the calling thread, which it keeps alive until it is disposed of.
   * @param onConcern called after transactions of others that concern
   * @throws SystemError
   */
  constructor(concerns: (change: RulesetChange) => boolean, onConcern: () => void) {
    this.#concerns = concerns;
    this.#events = new NetlinkEvents(NetlinkProtocol.netfilter, [nftablesGroup], {
      matters: (message) => this.#judge(message),
      onLost: () => {
        this.#knownFrom = Infinity;
      },
      onChange: onConcern,
    });
  }

  /** Whether a transaction between two generations concerns, or may, as not every one was seen. */
  mayDiffer(before: number, now: number): boolean {
    if (before === now) return false;
    this.#events.drain();
    return before < this.#knownFrom || this.#last !== now || this.#concernedAt > before;
  }

  /** @returns whether it ends a transaction of somebody else that concerns */
  #judge(message: NetlinkMessage): boolean {
    const generation = decodeRulesetGeneration(message);
    if (generation === undefined) {
      const change = decodeRulesetChange(message);
      this.#concerned ||= change !== undefined && this.#concerns(change);
      return false;
    }
    const { id } = generation;
    // The first one, or the first after a loss, may have been told in part.
    if (id !== this.#last + 1 || this.#knownFrom === Infinity) this.#knownFrom = id;
    this.#last = id;
    const concerned = this.#concerned;
    this.#concerned = false;
    if (concerned) this.#concernedAt = id;
    return concerned && !isOwn(generation);
  }

  [Symbol.dispose](): void {
    this.#events[Symbol.dispose]();
  }
}

/**
 * Whether the calling thread made the transaction. The kernel names threads as seen from the first process id namespace;
 * in another one nothing matches, and our own transactions are reported too.
 */
function isOwn({ threadId, threadName }: RulesetGeneration): boolean {
  ownThread ??= readOwnThread();
  return ownThread.id === String(threadId) && ownThread.name === threadName;
}

/** Of the thread that this module was loaded in. */
let ownThread: ReturnType<typeof readOwnThread> | undefined;

function readOwnThread() {
  const status = readFileSync('/proc/thread-self/status', 'utf8');
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1];
  return { id: field('Pid'), name: field('Name') };
}
