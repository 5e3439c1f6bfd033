import assert from 'node:assert/strict';
import type { Arrival, Network } from './network.ts';
import { ourIpv4, ourIpv6 } from './plans.ts';
import { parseFlow } from './reference-parser.ts';

/**
 * Sends a client's frames to n1, where the Service's pods are on n2: those of its flows must come out there, all else
 * at n1 as it is. Returns how many of them are to be steered.
 */
export function checkAgreement(network: Network, frames: readonly Uint8Array[]): number {
  const arrivals = network.exchangeAll('client', frames);
  const expected = frames.map((frame) => ({ host: isOurs(frame) ? 'n2' : 'n1', frame }));
  assert.deepEqual(arrivals.map(summary).toSorted(), expected.map(summary).toSorted());
  return expected.filter(({ host }) => host === 'n2').length;
}

function isOurs(frame: Uint8Array): boolean {
  const flow = parseFlow(frame);
  return (
    flow !== undefined &&
    (flow.destination === ourIpv4 || flow.destination === ourIpv6) &&
    flow.destinationPort === (flow.protocol === 'TCP' ? 80 : 53)
  );
}

/** All but the MAC addresses. */
function summary({ host, frame }: Arrival): string {
  return `${host} ${Buffer.from(frame.subarray(12)).toString('hex')}`;
}
