import { ProtocolError } from '@fairlead/wire';
import { Attributes } from './attributes.ts';
import type { NetlinkMessage } from './message.ts';

/** Who committed a transaction to the nftables ruleset. */
export interface RulesetGeneration {
  /** Thread id in the kernel's first process id namespace; 0 where the kernel does not say. */
  readonly threadId: number;
  /** Name of that thread, at most 15 characters. */
  readonly threadName: string;
}

/** NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN, include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h */
const newGeneration = (10 << 8) | 15;
const GenerationAttribute = { processId: 2, processName: 3 } as const;

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
    threadId: attributes.u32be(GenerationAttribute.processId) ?? 0,
    threadName: attributes.text(GenerationAttribute.processName) ?? '',
  };
}
