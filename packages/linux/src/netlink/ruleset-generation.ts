import { ProtocolError } from '@fairlead/wire';
import { Attributes } from './attributes.ts';
import type { NetlinkMessage } from './message.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

/** Who committed a transaction to the nftables ruleset. */
export interface RulesetGeneration {
  /** One more with every transaction. */
  readonly id: number;
  /** Thread id in the kernel's first process id namespace; 0 where the kernel does not say. */
  readonly threadId: number;
  /** Name of that thread, at most 15 characters. */
  readonly threadName: string;
}

/** NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_…GEN, include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h */
const newGeneration = (10 << 8) | 15;
const getGeneration = (10 << 8) | 16;
const GenerationAttribute = { id: 1, processId: 2, processName: 3 } as const;

/** struct nfgenmsg: family u8, version u8, resource u16. */
const headerSize = 4;

/**
 * Reads the message that ends every transaction; undefined for all others.
 * @throws ProtocolError
 */
export function decodeRulesetGeneration(message: NetlinkMessage): RulesetGeneration | undefined {
  const { type, payload, offset } = message;
  if (type !== newGeneration) {
    return undefined;
  }
  if (payload.length < headerSize) {
    throw new ProtocolError(
      'truncated-message',
      offset,
      `generation message of ${payload.length} bytes`,
    );
  }
  const attributes = new Attributes(payload.subarray(headerSize), offset + headerSize);
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
    socket.get(getGeneration, new Uint8Array(headerSize), what),
  );
  if (answer === undefined) throw new Error(`${what}: the kernel's answer is something else`);
  return answer.id;
}
