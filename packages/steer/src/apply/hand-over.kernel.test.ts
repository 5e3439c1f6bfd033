import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { macToBytes } from '@fairlead/ip';
import type { TcMode } from '@fairlead/linux';
import type { Flow } from '../flow.ts';
import { node } from '../testing/cluster.ts';
import { Fixture } from '../testing/fixture.ts';
import { tcpFlags } from '../testing/frames.ts';
import { clientFlows, ourIpv4, planFor, segmentOf, webFlow } from '../testing/plans.ts';
import type { SteerDriver } from './driver.ts';

const peers = { n2: {}, n3: {} };

for (const mode of ['tcx', 'clsact'] as const) {
  describe(`a packet that is steered, attached by ${mode}`, () => handOver(mode));
}

function handOver(mode: TcMode): void {
  let fixture: Fixture;
  let driver: SteerDriver;
  before(() => (fixture = new Fixture(['n1', 'n2', 'n3'], mode)));
  beforeEach(() => (driver = fixture.open('n1')));
  afterEach(() => fixture.reset());
  after(() => fixture[Symbol.dispose]());

  /** Applies a plan for n1; nothing may be wrong. */
  function steer(pods: Record<string, number>, changes = {}, known = peers): void {
    const segment = segmentOf(fixture.network, 'n1', known);
    assert.deepEqual(driver.apply(planFor('n1', pods, changes), [segment]), []);
  }

  for (const [name, flow] of Object.entries(clientFlows)) {
    it(`reaches the node with the pod, only the MAC addresses changed: ${name}`, () => {
      steer({ n2: 1 });
      const payload = Uint8Array.from({ length: 700 }, (_, at) => at);
      const sent = fixture.frame('n1', flow, { payload });
      const { host, frame } = fixture.network.exchange('client', sent);
      assert.equal(host, 'n2');
      assert.deepEqual(frame.subarray(0, 6), macToBytes(fixture.network.host('n2').mac));
      assert.deepEqual(frame.subarray(6, 12), macToBytes(fixture.network.host('n1').mac));
      assert.deepEqual(frame.subarray(12), sent.subarray(12));
      assert.equal(driver.counters().steered.get(node('n2')), 1n);
    });

    it(`stays as it is where the pod is here: ${name}`, () => {
      steer({ n1: 1 });
      const sent = fixture.frame('n1', flow);
      assert.deepEqual(fixture.network.exchange('client', sent), { host: 'n1', frame: sent });
      assert.equal(driver.counters().kept, 1n);
    });
  }

  it('stays where nobody can land it', () => {
    steer({ '': 2 });
    assert.equal(fixture.ask('n1', webFlow(1)).host, 'n1');
    assert.equal(driver.counters().kept, 1n);
  });

  it('is shared out among the nodes with pods, of which this may be one', () => {
    steer({ n1: 1, n2: 1, n3: 2 });
    const frames = Array.from({ length: 400 }, (_, port) => fixture.frame('n1', webFlow(port + 1)));
    const arrivals = fixture.network.exchangeAll('client', frames);
    const shares = Map.groupBy(arrivals, ({ host }) => host);
    assert.equal(arrivals.length, 400);
    for (const [name, due] of [
      ['n1', 100],
      ['n2', 100],
      ['n3', 200],
    ] as const) {
      const share = shares.get(name)?.length ?? 0;
      assert.ok(Math.abs(share - due) < 50, `${name} ${share}`);
    }
  });

  it('goes to one node from all ports of a client under session affinity', () => {
    steer({ n2: 3, n3: 3 }, { affinitySeconds: 600 });
    const hosts = [webFlow(1), webFlow(2), webFlow(3), clientFlows['UDP over IPv4']!].map(
      (flow) => fixture.ask('n1', flow).host,
    );
    assert.equal(new Set(hosts).size, 1);
  });

  it('is whatever TCP segment, fragmented by nobody, with IP options or without', () => {
    steer({ n2: 1 });
    for (const flags of Object.values(tcpFlags)) {
      assert.equal(fixture.ask('n1', webFlow(7), { flags }).host, 'n2');
    }
    assert.equal(fixture.ask('n1', webFlow(7), { ipv4Options: 40 }).host, 'n2');
    assert.equal(fixture.ask('n1', webFlow(7), { fragment: 0x4000 }).host, 'n2', "don't fragment");
  });

  it('may lie in memory in pieces', () => {
    steer({ n2: 1 });
    // Beyond a page a packet socket leaves only the Ethernet header in the linear part.
    const payload = new Uint8Array(8000).fill(7);
    for (const flow of Object.values(clientFlows)) {
      const sent = fixture.frame('n1', flow, { payload });
      const { host, frame } = fixture.network.exchange('client', sent);
      assert.equal(host, 'n2');
      assert.deepEqual(frame.subarray(12), sent.subarray(12));
    }
  });

  it('needs everything to be ours: address, protocol, port', () => {
    steer({ n2: 1 });
    const others: Partial<Flow>[] = [
      { destination: webFlow(1).source },
      { destinationPort: 81 },
      { protocol: 'UDP' },
    ];
    for (const change of others) {
      assert.equal(fixture.ask('n1', webFlow(9, change)).host, 'n1');
    }
    const { steered, kept } = driver.counters();
    assert.deepEqual([steered.get(node('n2')), kept], [0n, 0n]);
  });

  it('is no longer steered once the Service has gone', () => {
    steer({ n2: 1 });
    assert.ok(driver.installed(ourIpv4));
    const nothing = { ...planFor('n1', {}), addresses: [] };
    driver.apply(nothing, [segmentOf(fixture.network, 'n1', peers)]);
    assert.ok(!driver.installed(ourIpv4));
    assert.equal(fixture.ask('n1', webFlow(9)).host, 'n1');
    assert.equal(driver.counters().kept, 0n);
  });
}
