import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { SteerPeer } from '../plan.ts';
import { node } from '../testing/cluster.ts';
import { Fixture } from '../testing/fixture.ts';
import { planFor, segmentOf, webFlow, webFlow6 } from '../testing/plans.ts';
import type { SteerDriver } from './driver.ts';

const nodes = ['n1', 'n2', 'n3'];

describe('the guard against loops', () => {
  let fixture: Fixture;
  before(() => (fixture = new Fixture(nodes)));
  afterEach(() => fixture.reset());
  after(() => fixture[Symbol.dispose]());

  /** A driver on a node that takes `backend` for the only one with a pod. */
  function steering(
    self: string,
    backend: string,
    peers: Record<string, Partial<SteerPeer>>,
  ): SteerDriver {
    const driver = fixture.open(self);
    const segment = segmentOf(fixture.network, self, peers);
    assert.deepEqual(driver.apply(planFor(self, { [backend]: 1 }), [segment]), []);
    return driver;
  }

  it('lets a packet make one hop only, where two nodes each take the other for the backend', () => {
    const first = steering('n1', 'n2', { n2: {} });
    const second = steering('n2', 'n1', { n1: {} });
    const frames = Array.from({ length: 500 }, (_, port) => [
      fixture.frame('n1', webFlow(port + 1)),
      fixture.frame('n1', webFlow6(port + 1)),
    ]).flat();
    const arrivals = fixture.network.exchangeAll('client', frames);
    assert.equal(arrivals.length, frames.length, 'no packet multiplies or is lost');
    assert.ok(arrivals.every(({ host }) => host === 'n2'));
    assert.equal(first.counters().steered.get(node('n2')), 1000n);
    assert.equal(second.counters().steered.get(node('n1')), 0n);
    assert.equal(second.counters().hopDone, 1000n);
  });

  it('holds around a circle of three', () => {
    const others = (self: string) =>
      Object.fromEntries(nodes.filter((name) => name !== self).map((name) => [name, {}]));
    steering('n1', 'n2', others('n1'));
    steering('n2', 'n3', others('n2'));
    steering('n3', 'n1', others('n3'));
    for (const [to, at] of [
      ['n1', 'n2'],
      ['n2', 'n3'],
      ['n3', 'n1'],
    ] as const) {
      const arrivals = fixture.network.exchangeAll('client', [fixture.frame(to, webFlow(1))]);
      assert.deepEqual(
        arrivals.map(({ host }) => host),
        [at],
      );
    }
  });

  it('knows a node by any of its MAC addresses, and while it is silent or unreachable', () => {
    const { mac } = fixture.network.host('n3');
    const client = fixture.network.host('client').mac;
    const driver = steering('n1', 'n2', {
      n2: {},
      n3: { mac: undefined, otherMacs: [mac], live: false },
    });
    assert.equal(fixture.ask('n1', webFlow(1), { from: mac }).host, 'n1');
    assert.equal(fixture.ask('n1', webFlow(1), { from: client }).host, 'n2');
    assert.equal(driver.counters().hopDone, 1n);
  });

  it("takes a frame of this node's own for one that came back", () => {
    const driver = steering('n1', 'n2', { n2: {} });
    // As if the switch had sent it back: it would not forward one to where it learned the address.
    const own = fixture.network.host('n1').mac;
    const other = fixture.network.host('n3').mac;
    assert.equal(fixture.ask('n1', webFlow(1), { from: own }).host, 'n1');
    assert.equal(driver.counters().hopDone, 1n);
    assert.equal(fixture.ask('n1', webFlow(1), { from: other }).host, 'n2');
  });

  it('forgets a node that has left the segment', () => {
    const driver = steering('n1', 'n2', { n2: {}, n3: {} });
    const { mac } = fixture.network.host('n3');
    assert.equal(fixture.ask('n1', webFlow(1), { from: mac }).host, 'n1');
    const segment = segmentOf(fixture.network, 'n1', { n2: {} });
    driver.apply(planFor('n1', { n2: 1 }), [segment]);
    assert.equal(fixture.ask('n1', webFlow(1), { from: mac }).host, 'n2');
  });

  it('leaves alone what is for another host: flooded, broadcast, multicast', () => {
    const driver = steering('n1', 'n2', { n2: {} });
    const unknown = '02:00:00:00:00:99' as SteerPeer['mac'];
    const everybody = 'ff:ff:ff:ff:ff:ff' as SteerPeer['mac'];
    for (const to of [unknown, everybody]) {
      const frame = fixture.frame('n1', webFlow(1), { to: to! });
      const arrivals = fixture.network.exchangeAll('client', [frame]);
      assert.deepEqual(arrivals.map(({ host }) => host).toSorted(), ['n1', 'n2', 'n3']);
    }
    assert.equal(driver.counters().foreignMac, 2n);
  });
});
