import { ProtocolError } from '@fairlead/wire';
import { Attributes, encodeAttributes, type Attribute } from './attributes.ts';
import type { NetlinkMessage } from './message.ts';

/** include/uapi/linux/rtnetlink.h */
export const TrafficControlMessage = {
  newQdisc: 36,
  newFilter: 44,
  deleteFilter: 45,
  getFilter: 46,
} as const;

/** A cls_bpf filter at an interface's clsact ingress. */
export interface BpfFilter {
  readonly interfaceIndex: number;
  /** Lower is asked first. 16 bits. */
  readonly priority: number;
  readonly handle: number;
  /** The name given at attaching; not cut. */
  readonly name: string;
  readonly programId: number;
}

/** include/uapi/linux/pkt_sched.h: the qdisc clsact, and its ingress as a filter's parent. */
const clsact = { handle: 0xffff_0000, parent: 0xffff_fff1, ingress: 0xffff_fff2 } as const;

/** include/uapi/linux/rtnetlink.h, pkt_cls.h */
const TcAttribute = { kind: 1, options: 2 } as const;
const BpfAttribute = { fd: 6, name: 7, flags: 8, id: 11 } as const;
const directAction = 1;
/** A filter's info is priority u16 and protocol u16, the latter in network order: ETH_P_ALL. */
const allProtocols = 0x0300;

/** struct tcmsg: family u8, padding, interface index i32, handle u32, parent u32, info u32. */
const headerSize = 20;

function encodeHeader(
  interfaceIndex: number,
  handle: number,
  parent: number,
  info: number,
): Uint8Array {
  const bytes = new Uint8Array(headerSize);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, interfaceIndex, true);
  view.setUint32(8, handle, true);
  view.setUint32(12, parent, true);
  view.setUint32(16, info, true);
  return bytes;
}

function encode(header: Uint8Array, attributes: readonly Attribute[]): Uint8Array {
  return Buffer.concat([header, encodeAttributes(attributes)]);
}

/** The payload that makes a clsact qdisc. */
export function encodeClsact(interfaceIndex: number): Uint8Array {
  return encode(encodeHeader(interfaceIndex, clsact.handle, clsact.parent, 0), [
    [TcAttribute.kind, 'clsact'],
  ]);
}

type FilterPlace = Pick<BpfFilter, 'interfaceIndex' | 'priority' | 'handle'>;

function filterHeader({ interfaceIndex, priority, handle }: FilterPlace): Uint8Array {
  return encodeHeader(
    interfaceIndex,
    handle,
    clsact.ingress,
    ((priority << 16) | allProtocols) >>> 0,
  );
}

/** The payload that makes or replaces a filter. */
export function encodeBpfFilter(filter: FilterPlace, programFd: number, name: string): Uint8Array {
  return encode(filterHeader(filter), [
    [TcAttribute.kind, 'bpf'],
    [
      TcAttribute.options,
      [
        [BpfAttribute.fd, programFd],
        [BpfAttribute.name, name],
        [BpfAttribute.flags, directAction],
      ],
    ],
  ]);
}

/** The payload that removes a filter. */
export function encodeFilterRemoval(filter: FilterPlace): Uint8Array {
  return encode(filterHeader(filter), [[TcAttribute.kind, 'bpf']]);
}

/** The payload of a request for all filters at an interface's clsact ingress. */
export function encodeFilterDump(interfaceIndex: number): Uint8Array {
  return encodeHeader(interfaceIndex, 0, clsact.ingress, 0);
}

/**
 * Reads the payload of RTM_NEWTFILTER; undefined for what is not a BPF filter.
 * @throws ProtocolError
 */
export function decodeBpfFilter(message: NetlinkMessage): BpfFilter | undefined {
  const { payload, offset } = message;
  if (payload.length < headerSize) {
    throw new ProtocolError(
      'truncated-message',
      offset,
      `filter message of ${payload.length} bytes`,
    );
  }
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const attributes = new Attributes(payload.subarray(headerSize), offset + headerSize);
  const handle = view.getUint32(8, true);
  // A kernel lists each priority's head first, which has neither handle nor program.
  if (attributes.text(TcAttribute.kind) !== 'bpf' || handle === 0) {
    return undefined;
  }
  const options = attributes.nested(TcAttribute.options);
  return {
    interfaceIndex: view.getInt32(4, true),
    priority: view.getUint32(16, true) >>> 16,
    handle,
    name: options?.text(BpfAttribute.name) ?? '',
    programId: options?.u32(BpfAttribute.id) ?? 0,
  };
}
