import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { BpfMap, listTcIngress, type TcMode } from '@fairlead/linux';
import { address, allocated, cluster, endpoint, node, service } from '../testing/cluster.ts';
import { decideSteering } from '../decide.ts';
import type { SteerSegment } from '../plan.ts';
import { Fixture } from '../testing/fixture.ts';
import { run } from '../testing/network.ts';
import { ourIpv4, ourIpv6, planFor, segmentOf, webFlow } from '../testing/plans.ts';
import { SteerDriver } from './driver.ts';
import { decodeNodeName, decodeU32, Limit } from './layout.ts';

for (const mode of ['tcx', 'clsact'] as const) {
  describe(`the driver, attaching by ${mode}`, () => lifecycle(mode));
}

function lifecycle(mode: TcMode): void {
  let fixture: Fixture;
  before(() => (fixture = new Fixture(['n1', 'n2', 'n3'], mode)));
  afterEach(() => fixture.reset());
  after(() => fixture[Symbol.dispose]());

  const segment = (self = 'n1') => segmentOf(fixture.network, self, { n2: {}, n3: {} });
  const programs = (host: string) => listTcIngress(fixture.network.host(host).interfaceIndex);
  const steerDirectory = () => join(fixture.bpffs('n1'), 'steer');

  /** Names by node index, as the kernel has them. */
  function nodeIndices(): Map<number, string> {
    using map = BpfMap.openPinned(join(steerDirectory(), 'abi-1', 'nodes'));
    assert.ok(map);
    return new Map(map.entries().map(({ key, value }) => [decodeU32(key), decodeNodeName(value)]));
  }

  it('has an address in place only after it was told so', () => {
    const driver = fixture.open('n1');
    assert.ok(!driver.installed(ourIpv4));
    driver.apply(planFor('n1', { n2: 1 }), [segment()]);
    assert.ok(driver.installed(ourIpv4) && driver.installed(ourIpv6));
    assert.ok(!driver.installed(address('192.0.2.11')));
  });

  it('has an address in place though nobody can serve it', () => {
    const driver = fixture.open('n1');
    driver.apply(planFor('n1', {}), [segment()]);
    assert.ok(driver.installed(ourIpv4));
    assert.equal(fixture.ask('n1', webFlow(1)).host, 'n1');
  });

  it('attaches once, keeps what is there, and puts back what somebody took', () => {
    const driver = fixture.open('n1');
    const plan = planFor('n1', { n2: 1 });
    driver.apply(plan, [segment()]);
    const attached = programs('n1');
    assert.deepEqual(
      attached.map(({ programName, mode }) => [programName, mode]),
      [['fairlead_steer', mode]],
    );
    driver.apply(plan, [segment()]);
    assert.deepEqual(programs('n1'), attached);
    fixture.detach('n1');
    assert.deepEqual(programs('n1'), []);
    driver.forgetAttachments();
    assert.deepEqual(driver.apply(plan, [segment()]), []);
    assert.equal(programs('n1').length, 1);
    assert.equal(fixture.ask('n1', webFlow(1)).host, 'n2');
  });

  it('leaves an interface that is no longer a segment', () => {
    const driver = fixture.open('n1');
    const plan = planFor('n1', { n2: 1 });
    driver.apply(plan, [segment()]);
    driver.apply(plan, []);
    assert.deepEqual(programs('n1'), []);
    assert.deepEqual(readdirSync(steerDirectory()), ['abi-1']);
    assert.equal(fixture.ask('n1', webFlow(1)).host, 'n1');
    driver.apply(plan, [segment()]);
    assert.equal(fixture.ask('n1', webFlow(1)).host, 'n2');
  });

  it('leaves an interface of which only an earlier agent knew', () => {
    const plan = planFor('n1', { n2: 1 });
    const earlier = fixture.open('n1');
    earlier.apply(plan, [segment()]);
    earlier[Symbol.dispose]();
    fixture.open('n1').apply(plan, []);
    assert.deepEqual(programs('n1'), []);
  });

  it('serves several interfaces, each with the MAC addresses of its own segment', () => {
    const driver = fixture.open('n1');
    // The third host's port stands for a second interface of this node.
    const second: SteerSegment = { ...segmentOf(fixture.network, 'n3', { n2: {} }) };
    const first = segmentOf(fixture.network, 'n1', { n2: { mac: undefined } });
    assert.deepEqual(driver.apply(planFor('n1', { n2: 1 }), [first, second]), []);
    assert.equal(fixture.ask('n1', webFlow(1)).host, 'n1');
    assert.equal(fixture.ask('n3', webFlow(1)).host, 'n2');
  });

  it('tells of an interface that is not there, and does the rest', () => {
    const driver = fixture.open('n1');
    const gone = { ...segment(), interfaceIndex: 9999 };
    assert.deepEqual(driver.apply(planFor('n1', { n2: 1 }), [segment(), gone]), []);
    assert.deepEqual([...driver.unattached.keys()], [9999]);
    assert.equal(fixture.ask('n1', webFlow(1)).host, 'n2');
    assert.ok(!driver.installed(ourIpv4));
    driver.apply(planFor('n1', { n2: 1 }), [segment()]);
    assert.equal(driver.unattached.size, 0);
    assert.ok(driver.installed(ourIpv4));
  });

  it('tells of more interfaces than it can serve', () => {
    const driver = fixture.open('n1');
    const names = Array.from({ length: Limit.segments }, (_, at) => `st-x${at}`);
    run(names.map((name) => `ip link add ${name} type veth peer ${name}p`).join('\n'));
    try {
      const { mac } = fixture.network.host('n1');
      const more = fixture.interfaces(names).map((interfaceIndex) => {
        return { interfaceIndex, mac, peers: [] };
      });
      driver.apply(planFor('n1', { n2: 1 }), [segment(), ...more]);
      assert.deepEqual([...driver.unattached.keys()], [more.at(-1)!.interfaceIndex]);
    } finally {
      run(names.map((name) => `ip link del ${name}`).join('\n'));
    }
  });

  it('survives an interface that vanishes', () => {
    run('ip link add st-x type veth peer st-xp');
    const [interfaceIndex] = fixture.interfaces(['st-x']);
    const driver = fixture.open('n1');
    const { mac } = fixture.network.host('n1');
    const plan = planFor('n1', { n2: 1 });
    const passing = { interfaceIndex: interfaceIndex!, mac, peers: [] };
    assert.deepEqual(driver.apply(plan, [segment(), passing]), []);
    run('ip link del st-x');
    driver.forgetAttachments();
    driver.apply(plan, [segment(), passing]);
    assert.deepEqual([...driver.unattached.keys()], [interfaceIndex]);
    driver.apply(plan, [segment()]);
    assert.ok(driver.installed(ourIpv4));
  });

  it('keeps node indices over restarts and gives none to two', () => {
    const plans = [{ n2: 1, n3: 1 }, { n3: 1 }, { n3: 1, n4: 2 }, { n2: 3, n3: 1, n4: 1 }];
    let before = new Map<number, string>();
    for (const pods of plans) {
      using driver = fixture.open('n1');
      driver.apply(planFor('n1', pods), [segmentOf(fixture.network, 'n1', {})]);
      const now = nodeIndices();
      assert.deepEqual([...now.values()].toSorted(), ['n1', ...Object.keys(pods)]);
      for (const [index, name] of before) {
        if ([...now.values()].includes(name)) assert.equal(now.get(index), name);
      }
      before = now;
    }
  });

  it('counts on over a restart', () => {
    const plan = planFor('n1', { n2: 1 });
    fixture.open('n1').apply(plan, [segment()]);
    fixture.ask('n1', webFlow(1));
    const driver = fixture.open('n1');
    driver.apply(plan, [segment()]);
    fixture.ask('n1', webFlow(2));
    assert.equal(driver.counters().steered.get(node('n2')), 2n);
  });

  it('takes hundreds of tables, and gives their room back', () => {
    const planOf = (count: number, prefix: string) => {
      const names = Array.from({ length: 40 }, (_, at) => `${prefix}${at}`);
      const services = Array.from({ length: count }, (_, at) => {
        const [a, b] = [at % 40, Math.floor(at / 40)];
        const [from, to] = [`10.244.${b}.${a + 1}`, `10.245.${b}.${a + 1}`];
        const other = names[(a + 1 + b) % 40];
        return service(`s${at}`, [endpoint(from, names[a]), endpoint(to, other)]);
      });
      const addresses = Object.fromEntries(
        services.map(({ name }, at) => [name, [`10.0.${at >> 8}.${at & 255}`]]),
      );
      return decideSteering(cluster(names, services), allocated(addresses), node('n1'), {
        landingNodes: new Set(names.map(node)),
      });
    };
    const slabs = () =>
      readdirSync(join(steerDirectory(), 'abi-1')).filter((name) => name.startsWith('slab-'));
    const driver = fixture.open('n1');
    for (const [count, prefix, atMost] of [
      [700, 'a', 11],
      [700, 'b', 22],
      [700, 'c', 22],
      [10, 'a', 22],
    ] as const) {
      const plan = planOf(count, prefix);
      assert.equal(plan.tables.length, count);
      assert.deepEqual(driver.apply(plan, [segment()]), []);
      assert.ok(plan.addresses.every((each) => driver.installed(each)));
      assert.ok(slabs().length <= atMost, `${slabs().length} slabs`);
    }
    const again = fixture.open('n1');
    assert.deepEqual(again.apply(planFor('n1', { n2: 1, n3: 1 }), [segment()]), []);
    assert.ok(['n2', 'n3'].includes(fixture.ask('n1', webFlow(1)).host));
  });

  it('takes everything away', () => {
    fixture.open('n1').apply(planFor('n1', { n2: 1, n3: 1 }), [segment()]);
    SteerDriver.removeAll(fixture.bpffs('n1'));
    assert.deepEqual(programs('n1'), []);
    assert.ok(!existsSync(steerDirectory()));
    assert.equal(fixture.ask('n1', webFlow(1)).host, 'n1');
    SteerDriver.removeAll(fixture.bpffs('n1'));
  });
}
