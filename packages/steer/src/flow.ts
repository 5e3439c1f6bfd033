import { addressToBytes, hash32, type IpAddress } from '@fairlead/ip';
import type { SteeredProtocol } from './plan.ts';
import { ROWS } from './rows.ts';

/** IANA protocol numbers. */
export const protocolNumber = { TCP: 6, UDP: 17 } as const satisfies Record<
  SteeredProtocol,
  number
>;

/** What tells one flow from another. */
export interface Flow {
  readonly protocol: SteeredProtocol;
  readonly source: IpAddress;
  readonly sourcePort: number;
  readonly destination: IpAddress;
  readonly destinationPort: number;
}

/**
 * The row of a flow. By `hash32` of the bytes as they stand in the packet: source address, destination
 * address, source port, destination port, protocol; under affinity of the source address alone.
 */
export function rowOfFlow(flow: Flow, affinity: boolean): number {
  return hash32(affinity ? addressToBytes(flow.source) : flowBytes(flow)) % ROWS;
}

function flowBytes(flow: Flow): Uint8Array {
  const ports = new DataView(new ArrayBuffer(4));
  ports.setUint16(0, flow.sourcePort);
  ports.setUint16(2, flow.destinationPort);
  return Buffer.concat([
    addressToBytes(flow.source),
    addressToBytes(flow.destination),
    new Uint8Array(ports.buffer),
    Uint8Array.of(protocolNumber[flow.protocol]),
  ]);
}
