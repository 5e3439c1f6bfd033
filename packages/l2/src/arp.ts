import {
  addressFromBytes,
  addressToBytes,
  macFromBytes,
  macToBytes,
  type IpAddress,
  type MacAddress,
} from '@fairlead/ip';
import { ProtocolError, Reader, Writer } from '@fairlead/wire';
import { etherTypes } from './ethernet.ts';

/** IANA, Address Resolution Protocol Parameters, Hardware Types: Ethernet. */
const ethernetHardware = 1;
/** IANA, Address Resolution Protocol Parameters, Operation Codes. */
const operationCodes = { request: 1, reply: 2 } as const;
const arpLength = 28;

export type ArpOperation = keyof typeof operationCodes;

/** An ARP packet for IPv4 over Ethernet (RFC 826). */
export interface ArpPacket {
  readonly operation: ArpOperation;
  readonly senderMac: MacAddress;
  /** `0.0.0.0` in a probe (RFC 5227 §1.1). */
  readonly senderIp: IpAddress;
  /** Without meaning in a request, then usually all zeros. */
  readonly targetMac: MacAddress;
  readonly targetIp: IpAddress;
}

/**
 * Reads the payload of a frame of type ARP. Padding behind the packet is ignored.
 * @throws ProtocolError `truncated`, `bad-hardware-type`, `bad-protocol-type`, `bad-hardware-length`,
 * `bad-protocol-length`, `unknown-operation`.
 */
export function decodeArp(payload: Uint8Array): ArpPacket {
  // hardware 2 | protocol 2 | lengths 1 + 1 | operation 2 | sender 6 + 4 | target 6 + 4
  const reader = new Reader(payload).take(arpLength);
  expectValue(reader.offset, 'hardware-type', reader.u16(), ethernetHardware);
  expectValue(reader.offset, 'protocol-type', reader.u16(), etherTypes.ipv4);
  expectValue(reader.offset, 'hardware-length', reader.u8(), 6);
  expectValue(reader.offset, 'protocol-length', reader.u8(), 4);
  return {
    operation: operationOf(reader.offset, reader.u16()),
    senderMac: macFromBytes(reader.bytes(6)),
    senderIp: addressFromBytes(reader.bytes(4)),
    targetMac: macFromBytes(reader.bytes(6)),
    targetIp: addressFromBytes(reader.bytes(4)),
  };
}

/** The 28 bytes of the packet, the payload of a frame of type ARP. */
export function encodeArp(packet: ArpPacket): Uint8Array {
  return new Writer(arpLength)
    .u16(ethernetHardware)
    .u16(etherTypes.ipv4)
    .u8(6)
    .u8(4)
    .u16(operationCodes[packet.operation])
    .bytes(macToBytes(packet.senderMac))
    .bytes(ipv4Bytes(packet.senderIp))
    .bytes(macToBytes(packet.targetMac))
    .bytes(ipv4Bytes(packet.targetIp))
    .finish();
}

function operationOf(offset: number, code: number): ArpOperation {
  switch (code) {
    case operationCodes.request:
      return 'request';
    case operationCodes.reply:
      return 'reply';
    default:
      throw new ProtocolError('unknown-operation', offset, `operation ${code}, not 1 or 2`);
  }
}

function expectValue(offset: number, field: string, value: number, expected: number): void {
  if (value !== expected) {
    throw new ProtocolError(`bad-${field}`, offset, `${field} ${value}, not ${expected}`);
  }
}

function ipv4Bytes(address: IpAddress): Uint8Array {
  const bytes = addressToBytes(address);
  if (bytes.length !== 4) throw new RangeError(`ARP carries IPv4 addresses, not ${address}`);
  return bytes;
}
