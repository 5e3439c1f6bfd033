import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { macFromBytes, macToBytes } from '@fairlead/ip';
import { Fixture } from '../testing/fixture.ts';
import { run } from '../testing/network.ts';
import { planFor, segmentOf, webFlow, webFlow6 } from '../testing/plans.ts';

describe('a node whose uplink is the port of a bridge', () => {
  const mac = macFromBytes(Uint8Array.of(2, 0x5e, 0xe0, 0, 2, 1));
  let fixture: Fixture;
  before(() => {
    fixture = new Fixture(['n1', 'n2']);
    run(`
      ip link add st-br address ${mac} type bridge mcast_snooping 0
      sysctl -qw net.ipv6.conf.st-br.disable_ipv6=1
      ip link set ${fixture.network.host('n1').interfaceName} master st-br
      bridge fdb replace ${mac} dev st-p-n1 master static sticky
      ip link set st-br up
    `);
  });
  after(() => {
    run('ip link del st-br');
    fixture.reset();
    fixture[Symbol.dispose]();
  });

  it('hands over at the port what is addressed to the bridge', () => {
    const driver = fixture.open('n1');
    const segment = { ...segmentOf(fixture.network, 'n1', { n2: {} }), mac };
    assert.deepEqual(driver.apply(planFor('n1', { n2: 1 }), [segment]), []);
    for (const flow of [webFlow(1), webFlow6(1)]) {
      const frame = fixture.frame('n1', flow, { to: mac });
      const [arrival] = fixture.network.gather('client', frame);
      assert.equal(arrival?.host, 'n2');
      assert.deepEqual(arrival.frame.subarray(6, 12), macToBytes(mac));
      assert.deepEqual(arrival.frame.subarray(12), frame.subarray(12));
    }
  });
});
