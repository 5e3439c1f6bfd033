import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { addressFromBytes, familyOf } from '@fairlead/ip';
import * as fc from 'fast-check';
import type { Flow } from '../flow.ts';
import type { SteerPeer, SteerPlan, SteerSegment } from '../plan.ts';
import { node } from '../testing/cluster.ts';
import { Fixture } from '../testing/fixture.ts';
import { answerTo, buildPacket, tcpFlags } from '../testing/frames.ts';
import { foretell } from '../testing/model.ts';
import { ourIpv4, ourIpv6, planFor, segmentOf, webFlow } from '../testing/plans.ts';
import type { SteerDriver } from './driver.ts';

const opening = { flags: tcpFlags.syn };
const nodes = ['n1', 'n2', 'n3', 'n4'];

describe('the choice of a node', () => {
  let fixture: Fixture;
  let driver: SteerDriver;
  before(() => (fixture = new Fixture(nodes)));
  beforeEach(() => (driver = fixture.open('n1')));
  afterEach(() => fixture.reset());
  after(() => fixture[Symbol.dispose]());

  /** Applies a plan for n1; nothing may be wrong. */
  function steer(plan: SteerPlan, peers: Record<string, Partial<SteerPeer>>): SteerSegment {
    const segment = segmentOf(fixture.network, 'n1', peers);
    assert.deepEqual(driver.apply(plan, [segment]), []);
    return segment;
  }

  /** A flow to n2 first and n3 second, by all that a plan for both says. */
  function flowToN2(plan: SteerPlan, which = 0): Flow {
    const known = segmentOf(fixture.network, 'n1', { n2: {}, n3: {} });
    const flows = Array.from({ length: 1000 }, (_, port) => webFlow(port + 1));
    const found = flows.filter((flow) => {
      const fate = foretell(plan, known, flow, true);
      return fate.kind === 'handed' && fate.to === 'n2';
    });
    return found[which]!;
  }

  const hostOf = (flow: Flow, options = {}) => fixture.ask('n1', flow, options).host;

  describe('of which the first fell silent', () => {
    const plan = planFor('n1', { n2: 1, n3: 1 });
    let flow: Flow;
    beforeEach(() => {
      steer(plan, { n2: {}, n3: {} });
      flow = flowToN2(plan);
      driver.setLive(node('n2'), false);
    });

    it('is the second for what opens a flow, the first for the rest', () => {
      assert.equal(hostOf(flow, opening), 'n3');
      assert.equal(driver.counters().secondChoice, 1n);
      const established = flowToN2(plan, 1);
      for (const flags of [tcpFlags.ack, tcpFlags.synAck, tcpFlags.syn | tcpFlags.rst]) {
        assert.equal(hostOf(established, { flags }), 'n2');
      }
    });

    it('is the second for a connection that was opened there, the first for others', () => {
      assert.equal(hostOf(flow, opening), 'n3');
      for (const flags of [tcpFlags.ack, tcpFlags.fin, tcpFlags.rst]) {
        assert.equal(hostOf(flow, { flags }), 'n3');
      }
      assert.equal(hostOf(flowToN2(plan, 1)), 'n2');
      driver.setLive(node('n2'), true);
      assert.equal(hostOf(flow), 'n3', 'also when the first is back');
      const restarted = fixture.open('n1');
      restarted.apply(plan, [segmentOf(fixture.network, 'n1', { n2: {}, n3: {} })]);
      assert.equal(hostOf(flow), 'n3', 'and after a restart');
      assert.equal(hostOf(flow, opening), 'n2', 'until it is opened anew');
      assert.equal(hostOf(flow), 'n2');
    });

    it('is the second for each datagram, since any may be the first', () => {
      const ports = Array.from({ length: 40 }, (_, port) => port + 1);
      for (const sourcePort of ports) {
        assert.equal(hostOf({ ...flow, protocol: 'UDP', destinationPort: 53, sourcePort }), 'n3');
      }
    });

    it('ignores suspicion where both are suspect', () => {
      driver.setLive(node('n3'), false);
      assert.equal(hostOf(flow, opening), 'n2');
      driver.setLive(node('n3'), true);
      assert.equal(hostOf(flow, opening), 'n3');
    });

    it('is the first again once it is back', () => {
      driver.setLive(node('n2'), true);
      assert.equal(hostOf(flow, opening), 'n2');
    });

    it('can be told for one segment only', () => {
      const { interfaceIndex } = fixture.network.host('n1');
      driver.setLive(node('n2'), true, interfaceIndex + 1000);
      assert.equal(hostOf(flow, opening), 'n3');
      driver.setLive(node('n2'), true, interfaceIndex);
      assert.equal(hostOf(flow, opening), 'n2');
    });

    it('is remembered as the next plan says', () => {
      steer(plan, { n2: { live: false }, n3: {} });
      assert.equal(hostOf(flow, opening), 'n3');
      steer(plan, { n2: {}, n3: {} });
      assert.equal(hostOf(flow, opening), 'n2');
    });
  });

  it('is the second for all packets where the first has no known MAC address here', () => {
    const plan = planFor('n1', { n2: 1, n3: 1 });
    const flow = flowToN2(plan);
    steer(plan, { n2: { mac: undefined }, n3: {} });
    assert.equal(hostOf(flow, opening), 'n3');
    assert.equal(hostOf(flow), 'n3');
    // Suspect is still better than unreachable.
    driver.setLive(node('n3'), false);
    assert.equal(hostOf(flow, opening), 'n3');
    driver.setLive(node('n2'), true);
    assert.equal(hostOf(flow, opening), 'n3');
  });

  it('is this node where nobody of the row can be reached', () => {
    steer(planFor('n1', { n2: 1, n3: 1 }), { n2: { mac: undefined } });
    assert.equal(hostOf(webFlow(1), opening), 'n1');
    assert.equal(hostOf(webFlow(1)), 'n1');
    assert.equal(driver.counters().unreachable, 2n);
  });

  it('never is a group of hosts, whatever a node says its MAC address is', () => {
    const all = 'ff:ff:ff:ff:ff:ff' as SteerPeer['mac'];
    const none = '00:00:00:00:00:00' as SteerPeer['mac'];
    for (const mac of [all, none, fixture.network.host('n1').mac]) {
      steer(planFor('n1', { n2: 1 }), { n2: { mac } });
      assert.equal(hostOf(webFlow(1)), 'n1');
    }
  });

  it('is this node by second choice too', () => {
    const plan = planFor('n1', { n1: 1, n2: 1 });
    const flow = flowToN2(plan);
    steer(plan, { n2: { live: false } });
    assert.equal(hostOf(flow), 'n2');
    assert.equal(hostOf(flow, opening), 'n1');
    assert.equal(hostOf(flow), 'n1');
  });

  it('is what the plan says, for any plan and flow', () => {
    const pods = fc.dictionary(fc.constantFrom('', ...nodes), fc.integer({ min: 1, max: 5 }));
    const peer = fc.record({ known: fc.boolean(), live: fc.boolean() });
    const peers = fc.record({ n2: peer, n3: peer, n4: peer });
    const port = fc.integer({ min: 0, max: 65_535 });
    const source = (length: number) =>
      fc.uint8Array({ minLength: length, maxLength: length }).map(addressFromBytes);
    const flow = fc
      .tuple(fc.constantFrom('TCP' as const, 'UDP' as const), fc.oneof(source(4), source(16)), port)
      .map(([protocol, source, sourcePort]): Flow => ({
        protocol,
        source,
        sourcePort,
        destination: familyOf(source) === 4 ? ourIpv4 : ourIpv6,
        destinationPort: protocol === 'TCP' ? 80 : 53,
      }));
    const packet = fc.record({ flow, kind: fc.constantFrom('SYN', 'ACK', 'error') });
    let packets = 0;
    fc.assert(
      fc.property(
        pods,
        peers,
        fc.boolean(),
        fc.array(packet, { minLength: 200, maxLength: 200 }),
        (pods, peers, affinity, sample) => {
          const plan = planFor('n1', pods, { affinitySeconds: affinity ? 600 : undefined });
          steer({ ...plan, problems: [] }, {});
          const segment = steer(
            { ...plan, problems: [] },
            Object.fromEntries(
              Object.entries(peers).map(([name, { known, live }]) => [
                name,
                { live, ...(known ? {} : { mac: undefined }) },
              ]),
            ),
          );
          const frames = sample.map(({ flow, kind }, index) => {
            const payload = Uint8Array.of(index >> 8, index);
            return kind === 'error'
              ? fixture.error('n1', flow, { quoted: buildPacket(answerTo(flow), { payload }) })
              : fixture.frame('n1', flow, { ...(kind === 'SYN' && opening), payload });
          });
          const arrivals = fixture.network.exchangeAll('client', frames);
          assert.equal(arrivals.length, sample.length);
          packets += arrivals.length;
          for (const { host, frame } of arrivals) {
            const { flow, kind } = sample[(frame.at(-2)! << 8) | frame.at(-1)!]!;
            const opens = flow.protocol === 'UDP' || kind === 'SYN';
            const fate = foretell(plan, segment, flow, opens);
            assert.equal(host, fate.kind === 'handed' ? fate.to : 'n1');
          }
        },
      ),
      { numRuns: 25, endOnFailure: true },
    );
    assert.equal(packets, 5000);
  });
});
