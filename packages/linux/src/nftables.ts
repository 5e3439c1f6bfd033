import { libc, libnftables } from './ffi.ts';
import { NetlinkProtocol, NetlinkSocket } from './netlink/netlink-socket.ts';
import { rulesetGeneration } from './netlink/ruleset-generation.ts';
import { RulesetWatch, type RulesetChange } from './netlink/ruleset-watch.ts';
import { encodeElementChanges, type ElementChange } from './netlink/set-elements.ts';
import { SystemError } from './system-error.ts';

/** nftables refused a script; nothing of it was done. */
export class NftablesError extends Error {
  /** What libnftables said, with the place in the script. */
  readonly text: string;
  readonly script: string;

  constructor(text: string, script: string) {
    super(text === '' ? 'nftables refused a script without a word' : text);
    this.name = 'NftablesError';
    this.text = text;
    this.script = script;
  }
}

/** include/nftables/libnftables.h */
const OutputFlag = {
  stateless: 1 << 2,
  handle: 1 << 3,
  numericAll: 0x780,
  terse: 1 << 11,
} as const;

/** Beyond this many characters memory is given back after a call; that costs a millisecond. */
const largeText = 64 * 1024;

/** How a listing is written. */
export interface ListOptions {
  /** Numbers for protocols, priorities, symbols and times (default false). */
  readonly numeric?: boolean;
  /** Without counters and timeouts (default false). */
  readonly stateless?: boolean;
  /** With handles (default false). */
  readonly handles?: boolean;
  /** Without the elements of sets and maps (default false). */
  readonly terse?: boolean;
}

/**
 * nftables by its own library. A script is one transaction: all of it is done, or nothing.
 * All goes in and out as text: JSON of some versions loses what it does not understand.
 */
export class Nftables implements Disposable {
  readonly #socket: NetlinkSocket;
  #context: bigint | undefined;

  /** @throws SystemError where the kernel has no nftables or we lack the privilege */
  constructor() {
    // libnftables ends the process where it cannot open its socket, so that is tried first.
    this.#socket = new NetlinkSocket(NetlinkProtocol.netfilter);
    this.#context = newContext();
  }

  /** Runs a script in nft's own language. @throws NftablesError */
  run(script: string): void {
    this.#execute(script, 0);
  }

  /**
   * Changes elements of sets and maps, all or nothing. Not by libnftables, which reads everybody's tables, chains and
   * sets before each script: with kube-proxy 3 ms for a thousand Services.
   * @param table as after `nft list table`: `inet fairlead`
   * @param generation which the ruleset is of; of another one, nothing is done
   * @throws NftablesError
   */
  changeElements(table: string, changes: readonly ElementChange[], generation: number): void {
    const what = `elements of table ${table}`;
    try {
      this.#socket.transact(encodeElementChanges(table, changes, generation), what);
    } catch (error) {
      if (!(error instanceof SystemError || error instanceof RangeError)) throw error;
      throw new NftablesError(error.message, what);
    }
  }

  /**
   * The text of a listing, or undefined where what is to be listed is not there.
   * @param what as after `nft list`: `table inet fairlead`, `map inet fairlead services`
   */
  list(what: string, options: ListOptions = {}): string | undefined {
    const flags =
      (options.numeric === true ? OutputFlag.numericAll : 0) |
      (options.stateless === true ? OutputFlag.stateless : 0) |
      (options.handles === true ? OutputFlag.handle : 0) |
      (options.terse === true ? OutputFlag.terse : 0);
    try {
      return this.#execute(`list ${what}`, flags);
    } catch (error) {
      if (error instanceof NftablesError && error.text.includes('No such file or directory')) {
        return undefined;
      }
      throw error;
    }
  }

  /** Which generation of the ruleset there is: one more with every transaction of anybody. @throws SystemError */
  generation(): number {
    return rulesetGeneration(this.#socket);
  }

  /** @see RulesetWatch */
  watch(concerns: (change: RulesetChange) => boolean, onConcern: () => void): RulesetWatch {
    return new RulesetWatch(concerns, onConcern);
  }

  #execute(script: string, flags: number): string {
    const context = this.#context;
    if (context === undefined) {
      throw new Error('nftables context is closed');
    }
    const library = libnftables();
    library.nft_ctx_output_set_flags(context, flags);
    const result = library.nft_run_cmd_from_buffer(context, script);
    // Both are emptied by being read.
    const output = library.nft_ctx_get_output_buffer(context) ?? '';
    const error = library.nft_ctx_get_error_buffer(context) ?? '';
    if (script.length + output.length > largeText) {
      // A context keeps the largest text it ever wrote, and libnftables takes many times a script's size to read it.
      this.#freeContext();
      libc.malloc_trim(0);
      this.#context = newContext();
    }
    if (result !== 0) {
      throw new NftablesError(error.trim(), script);
    }
    return output;
  }

  [Symbol.dispose](): void {
    this.#freeContext();
    this.#socket[Symbol.dispose]();
  }

  #freeContext(): void {
    if (this.#context !== undefined) {
      libnftables().nft_ctx_free(this.#context);
      this.#context = undefined;
    }
  }
}

function newContext(): bigint {
  const library = libnftables();
  const context = library.nft_ctx_new(0);
  if (context === null) {
    throw new Error('nft_ctx_new gave no context');
  }
  library.nft_ctx_buffer_output(context);
  library.nft_ctx_buffer_error(context);
  return context;
}
