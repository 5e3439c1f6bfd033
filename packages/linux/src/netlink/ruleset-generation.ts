import { ProtocolError } from '@fairlead/wire';
import { Attributes } from './attributes.ts';
import type { NetlinkMessage } from './message.ts';
import type { NetlinkSocket } from './netlink-socket.ts';
import { encodeNfgenmsg, nfgenmsgSize, NftablesMessage } from './nf-tables.ts';

/** Who committed a transaction to the nftables ruleset. */
export interface RulesetGeneration {
  /** One more with every transaction. */
  readonly id: number;
  /** Thread id in the kernel's first process id namespace; 0 where the kernel does not say. */
  readonly threadId: number;
  /** Name of that thread, at most 15 characters. */
  readonly threadName: string;
}

/** enum nft_gen_attributes */
const GenerationAttribute = { id: 1, processId: 2, processName: 3 } as const;

/**
 * Reads the message that ends every transaction; undefined for all others.
 * @throws ProtocolError
 */
export function decodeRulesetGeneration(message: NetlinkMessage): RulesetGeneration | undefined {
  const { type, payload, offset } = message;
  if (type !== NftablesMessage.newGeneration) {
    return undefined;
  }
  if (payload.length < nfgenmsgSize) {
    throw new ProtocolError(
      'truncated-message',
      offset,
      `generation message of ${payload.length} bytes`,
    );
  }
  const attributes = new Attributes(payload.subarray(nfgenmsgSize), offset + nfgenmsgSize);
  return {
    id: attributes.u32be(GenerationAttribute.id) ?? 0,
    threadId: attributes.u32be(GenerationAttribute.processId) ?? 0,
    threadName: attributes.text(GenerationAttribute.processName) ?? '',
  };
}

/**
 * Which generation of this namespace's nftables ruleset there is: one more with every transaction of anybody. As long
 * as it is the same nobody has changed a rule, a chain, or an element otherwise than by packets.
 * @param socket of netfilter
 * @throws SystemError, ProtocolError
 */
export function rulesetGeneration(socket: NetlinkSocket): number {
  const what = 'generation of the nftables ruleset';
  const answer = decodeRulesetGeneration(
    socket.get(NftablesMessage.getGeneration, encodeNfgenmsg(0), what),
  );
  if (answer === undefined) throw new Error(`${what}: the kernel's answer is something else`);
  return answer.id;
}
