import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hash32 } from '@fairlead/ip';
import * as fc from 'fast-check';
import { rowOfFlow, type Flow } from './flow.ts';
import { ROWS } from './rows.ts';
import { address } from './testing/cluster.ts';

const flow: Flow = {
  protocol: 'TCP',
  source: address('203.0.113.10'),
  sourcePort: 40_000,
  destination: address('192.0.2.10'),
  destinationPort: 80,
};

describe('row of a flow', () => {
  it('is a hash of the bytes as they stand in the packet', () => {
    const bytes = Uint8Array.of(203, 0, 113, 10, 192, 0, 2, 10, 0x9c, 0x40, 0, 80, 6);
    assert.equal(rowOfFlow(flow, false), hash32(bytes) % ROWS);
    assert.equal(rowOfFlow(flow, true), hash32(bytes.subarray(0, 4)) % ROWS);
  });

  // Nodes of all versions agree by these: a changed line here is a broken cluster.
  it('is stable for ever', () => {
    const six = { ...flow, source: address('2001:db8::1'), destination: address('2001:db8::a') };
    const rows = [flow, { ...flow, protocol: 'UDP' as const }, six].flatMap((each) => [
      rowOfFlow(each, false),
      rowOfFlow(each, true),
    ]);
    assert.deepEqual(rows, [1733, 3287, 3518, 3287, 1524, 3992]);
  });

  it('spreads the flows of one client evenly', () => {
    const counts = new Uint32Array(64);
    for (let port = 1024; port < 17_408; port++) {
      counts[rowOfFlow({ ...flow, sourcePort: port }, false) % 64]!++;
    }
    const due = (17_408 - 1024) / 64;
    for (const count of counts) assert.ok(Math.abs(count - due) < 5 * Math.sqrt(due), `${count}`);
  });

  it('is the same for all flows of a client under affinity', () => {
    fc.assert(
      fc.property(fc.nat(65_535), fc.nat(65_535), (sourcePort, destinationPort) => {
        const other: Flow = { ...flow, protocol: 'UDP', sourcePort, destinationPort };
        assert.equal(rowOfFlow(other, true), rowOfFlow(flow, true));
      }),
    );
  });
});
