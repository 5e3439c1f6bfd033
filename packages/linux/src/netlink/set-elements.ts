import { addressToBytes, parseAddress } from '@fairlead/ip';
import { aligned, encodeAttributes, type Attribute } from './attributes.ts';
import { MessageFlag } from './message.ts';
import type { BatchMessage } from './netlink-socket.ts';
import { encodeNfgenmsg, familyNumbers, NftablesMessage, nftablesSubsystem } from './nf-tables.ts';

/** Elements that a set or map gains or loses; a few hundred, as all of them are one attribute of 64 KiB at the most. */
export interface ElementChange {
  readonly verb: 'add' | 'delete';
  readonly set: string;
  /** What the elements are, as nft has it: `ipv4_addr . inet_service : verdict`. */
  readonly type: string;
  /** Each as nft has it, a deleted one by its key alone: `192.0.2.1 . 80 : goto web`. */
  readonly elements: readonly string[];
}

const elementMessage = {
  add: NftablesMessage.newElements,
  delete: NftablesMessage.deleteElements,
} as const;
/** NFNL_MSG_BATCH_…, include/uapi/linux/netfilter/nfnetlink.h */
const batchMessage = { begin: 0x10, end: 0x11 } as const;
const batchGeneration = 1;

const ListAttribute = { table: 1, set: 2, elements: 3, element: 1 } as const;
const ElementAttribute = { key: 1, data: 2 } as const;
const DataAttribute = { value: 1, verdict: 2 } as const;
const VerdictAttribute = { code: 1, chain: 2 } as const;
/** NFT_JUMP, NFT_GOTO */
const verdictCodes = { jump: -3, goto: -4 } as const;

/** IFNAMSIZ, the NUL included */
const interfaceNameSize = 16;

/**
 * The messages of one transaction that changes elements and nothing else.
 * @param table as nft has it: `inet fairlead`
 * @param generation the transaction is refused (ERESTART) where the ruleset is of another one
 * @throws RangeError for a type or an element that is not known here
 */
export function encodeElementChanges(
  table: string,
  changes: readonly ElementChange[],
  generation: number,
): readonly BatchMessage[] {
  const [family = '', name = ''] = table.split(' ');
  const header = encodeNfgenmsg(familyNumbers[known(familyNumbers, family, 'family')]);
  const inBatch = encodeNfgenmsg(0, nftablesSubsystem);
  const guard = encodeAttributes([[batchGeneration, bigEndian(generation)]]);
  return [
    { type: batchMessage.begin, flags: 0, payload: Buffer.concat([inBatch, guard]) },
    ...changes.map((change) => ({
      type: elementMessage[change.verb],
      flags: change.verb === 'add' ? MessageFlag.create : 0,
      payload: Buffer.concat([header, encodeElements(name, change)]),
    })),
    { type: batchMessage.end, flags: 0, payload: inBatch },
  ];
}

function encodeElements(table: string, { set, type, elements }: ElementChange): Uint8Array {
  const [keyType = '', dataType = ''] = type.split(' : ');
  return encodeAttributes([
    [ListAttribute.table, table],
    [ListAttribute.set, set],
    [
      ListAttribute.elements,
      elements.map((element): Attribute => {
        const [key = '', data] = element.split(' : ');
        const attributes: Attribute[] = [
          [ElementAttribute.key, [[DataAttribute.value, encodeValue(keyType, key)]]],
        ];
        if (data !== undefined) {
          attributes.push([ElementAttribute.data, [encodeData(dataType, data)]]);
        }
        return [ListAttribute.element, attributes];
      }),
    ],
  ]);
}

function encodeData(type: string, text: string): Attribute {
  if (type !== 'verdict') return [DataAttribute.value, encodeValue(type, text)];
  const [word = '', chain = ''] = text.split(' ');
  const code = verdictCodes[known(verdictCodes, word, 'verdict')];
  return [
    DataAttribute.verdict,
    [
      [VerdictAttribute.code, bigEndian(code)],
      [VerdictAttribute.chain, chain],
    ],
  ];
}

/** Of a concatenation each part fills whole registers of 32 bits. */
function encodeValue(type: string, text: string): Uint8Array {
  const types = type.split(' . ');
  const texts = text.split(' . ');
  if (types.length !== texts.length) throw new RangeError(`not a ${type}: ${text}`);
  const parts = types.map((each, at) => {
    return partEncoders[known(partEncoders, each, 'type')](texts[at] ?? '');
  });
  if (parts.length === 1) return parts[0] ?? new Uint8Array();
  return Buffer.concat(parts.map((part) => padded(part, aligned(part.length))));
}

const partEncoders = {
  ipv4_addr: addressBytes,
  ipv6_addr: addressBytes,
  inet_proto: (text: string) => Uint8Array.of(numberUpTo(0xff, text)),
  inet_service: (text: string) => bigEndian(numberUpTo(0xffff, text)).subarray(2),
  ifname: (text: string) => padded(Buffer.from(text.slice(1, -1)), interfaceNameSize),
} as const;

function numberUpTo(most: number, text: string): number {
  const number = Number(text);
  if (!/^\d+$/u.test(text) || number > most) throw new RangeError(`not up to ${most}: ${text}`);
  return number;
}

function addressBytes(text: string): Uint8Array {
  const address = parseAddress(text);
  if (address === undefined) throw new RangeError(`not an address: ${text}`);
  return addressToBytes(address);
}

/** @throws RangeError where it is longer */
function padded(bytes: Uint8Array, size: number): Uint8Array {
  const whole = new Uint8Array(size);
  whole.set(bytes);
  return whole;
}

/** nftables has its numbers in network order. */
function bigEndian(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return bytes;
}

function known<Names extends object>(names: Names, name: string, what: string): keyof Names {
  if (!Object.hasOwn(names, name)) throw new RangeError(`unknown ${what}: ${name}`);
  return name as keyof Names;
}
