import { addressOf } from '../ffi.ts';
import { Level, setOption, SocketOption } from './socket-options.ts';

/**
 * One instruction of a classic BPF program: code, jump if true, jump if false, operand.
 * Documentation/networking/filter.rst of the kernel.
 */
type Instruction = readonly [code: number, whenTrue: number, whenFalse: number, operand: number];

const code = {
  loadWord: 0x20,
  loadByte: 0x30,
  jumpIfEqual: 0x15,
  result: 0x06,
} as const;

/** SKF_AD_OFF + SKF_AD_PKTTYPE, include/uapi/linux/filter.h: to whom the frame is addressed. */
const packetType = 0xfffff000 + 4;

/** PACKET_OTHERHOST, include/uapi/linux/if_packet.h */
const otherHost = 3;

const wholePacket: Instruction = [code.result, 0, 0, 0xffff_ffff];
const drop: Instruction = [code.result, 0, 0, 0];

/**
 * Frames to another's address, seen where an interface is promiscuous, and those of a VLAN that nobody on this node
 * terminates: the kernel takes their tag off and calls them another host's, broadcasts too (net/core/dev.c, check_vlan_id).
 */
const addressed: readonly Instruction[] = [
  [code.loadWord, 0, 0, packetType],
  [code.jumpIfEqual, 1, 0, otherHost],
  wholePacket,
  drop,
];

/** Offsets from the start of an Ethernet frame with IPv6 inside, RFC 8200 §3 and RFC 4443 §2.1. */
const ipv6NextHeader = 14 + 6;
const icmpv6Type = 14 + 40;

/** IANA: ICMPv6 is 58; RFC 4861 §4.3, §4.4: solicitation 135, advertisement 136. RFC 6980 §5: no fragments; other extension headers do not occur. */
const neighbourDiscovery: readonly Instruction[] = [
  [code.loadWord, 0, 0, packetType],
  [code.jumpIfEqual, 6, 0, otherHost],
  [code.loadByte, 0, 0, ipv6NextHeader],
  [code.jumpIfEqual, 0, 4, 58],
  [code.loadByte, 0, 0, icmpv6Type],
  [code.jumpIfEqual, 1, 0, 135],
  [code.jumpIfEqual, 0, 1, 136],
  wholePacket,
  drop,
];

const filters = {
  all: [wholePacket],
  addressed,
  'neighbour-discovery': neighbourDiscovery,
} as const satisfies Record<string, readonly Instruction[]>;

/** Which frames a packet socket lets through; see {@link attachPacketFilter}. */
export type PacketFilter = keyof typeof filters;

const headerSize = 16;

/** Makes the kernel drop everything else before it reaches the socket. */
export function attachPacketFilter(fd: number, filter: PacketFilter, what: string): void {
  const instructions: readonly Instruction[] = filters[filter];
  // struct sock_fprog (length u16, padding, pointer), then struct sock_filter (code u16, jumps u8 and u8, operand u32):
  // in one buffer, so that what the pointer means lives as long as the pointer.
  const program = new DataView(new ArrayBuffer(headerSize + instructions.length * 8));
  program.setUint16(0, instructions.length, true);
  program.setBigUint64(8, addressOf(program.buffer) + BigInt(headerSize), true);
  for (const [index, [code, whenTrue, whenFalse, operand]] of instructions.entries()) {
    const at = headerSize + index * 8;
    program.setUint16(at, code, true);
    program.setUint8(at + 2, whenTrue);
    program.setUint8(at + 3, whenFalse);
    program.setUint32(at + 4, operand, true);
  }
  setOption(
    fd,
    Level.socket,
    SocketOption.attachFilter,
    new Uint8Array(program.buffer),
    headerSize,
    what,
  );
}
