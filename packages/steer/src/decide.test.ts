import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Endpoint, LoadBalancerService, ServicePort } from '@fairlead/cluster';
import * as fc from 'fast-check';
import { decideSteering } from './decide.ts';
import type { SteerPlan } from './plan.ts';
import { allocated, cluster, endpoint, node, service } from './testing/cluster.ts';

const nodes = ['n1', 'n2', 'n3'];
const landing = new Set(nodes.map(node));

/** The plan for one Service `web` at 192.0.2.10. */
function planOne(endpoints: readonly Endpoint[], changes: Partial<LoadBalancerService> = {}) {
  const state = cluster(nodes, [service('web', endpoints, changes)]);
  const addresses = changes.families?.includes(6) ? ['192.0.2.10', '2001:db8::10'] : ['192.0.2.10'];
  return decideSteering(state, allocated({ web: addresses }), node('n1'), {
    landingNodes: landing,
  });
}

/** Candidates of each entry, as `n1=2`; a Service on one node as `n1`. */
function read(plan: SteerPlan): Record<string, string> {
  const tables = new Map(plan.tables.map(({ key, candidates }) => [key, candidates]));
  return Object.fromEntries(
    plan.entries.map(({ address, protocol, port, target }) => [
      `${address} ${protocol} ${port}`,
      target.kind === 'table'
        ? tables
            .get(target.key)!
            .map(({ node, weight }) => `${node ?? 'kube-proxy'}=${weight}`)
            .join(' ')
        : target.kind === 'node'
          ? target.node
          : target.kind,
    ]),
  );
}

describe('steering', () => {
  it('goes to each node with as much weight as it has usable endpoints', () => {
    const plan = planOne([
      endpoint('10.244.2.1', 'n2'),
      endpoint('10.244.3.1', 'n3'),
      endpoint('10.244.2.2', 'n2'),
      endpoint('10.244.1.1', 'n1', { ready: false }),
    ]);
    assert.deepEqual(read(plan), { '192.0.2.10 TCP 80': 'n2=2 n3=1' });
    assert.deepEqual(plan.problems, []);
  });

  it('needs no table where one node has all', () => {
    const plan = planOne([endpoint('10.244.2.1', 'n2'), endpoint('10.244.2.2', 'n2')]);
    assert.deepEqual(read(plan), { '192.0.2.10 TCP 80': 'n2' });
    assert.deepEqual(plan.tables, []);
  });

  it('has no entry for a port without a usable endpoint, but keeps the address', () => {
    const plan = planOne([endpoint('10.244.2.1', 'n2', { ready: false, serving: false })]);
    assert.deepEqual(plan.entries, []);
    assert.deepEqual(plan.addresses, ['192.0.2.10']);
  });

  it('falls back to endpoints that terminate but still serve', () => {
    const leaving = { ready: false, terminating: true };
    assert.deepEqual(read(planOne([endpoint('10.244.2.1', 'n2', leaving)])), {
      '192.0.2.10 TCP 80': 'n2',
    });
  });

  it('counts a pod once that two slices name', () => {
    const plan = planOne([
      endpoint('10.244.2.1', 'n2'),
      endpoint('10.244.2.1', 'n2'),
      endpoint('10.244.3.1', 'n3'),
    ]);
    assert.deepEqual(read(plan), { '192.0.2.10 TCP 80': 'n2=1 n3=1' });
  });

  it('does the same under both traffic policies', () => {
    const endpoints = [endpoint('10.244.2.1', 'n2'), endpoint('10.244.3.1', 'n3')];
    assert.deepEqual(
      planOne(endpoints, { externalTrafficPolicy: 'Local' }),
      planOne(endpoints, { externalTrafficPolicy: 'Cluster' }),
    );
  });

  it('keeps families and ports apart', () => {
    const dns: ServicePort = { name: 'dns', protocol: 'UDP', port: 53 };
    const web: ServicePort = { name: 'web', protocol: 'TCP', port: 80 };
    const plan = planOne(
      [
        endpoint('10.244.2.1', 'n2', { ports: [{ ...web, port: 8080 }] }),
        endpoint('10.244.3.1', 'n3', { ports: [{ ...dns, port: 5353 }] }),
        endpoint('fd00:244::1', 'n1', { ports: [web, dns] }),
      ],
      { families: [4, 6], ports: [web, dns] },
    );
    assert.deepEqual(read(plan), {
      '192.0.2.10 TCP 80': 'n2',
      '192.0.2.10 UDP 53': 'n3',
      '2001:db8::10 TCP 80': 'n1',
      '2001:db8::10 UDP 53': 'n1',
    });
  });

  it('hashes the source alone under session affinity', () => {
    const [entry] = planOne([endpoint('10.244.2.1', 'n2')], { affinitySeconds: 10_800 }).entries;
    assert.equal(entry?.affinity, true);
  });

  it('leaves endpoints that nobody can land to kube-proxy, and says so', () => {
    const plan = planOne([
      endpoint('10.244.1.1', 'n1'),
      endpoint('198.51.100.7', undefined),
      endpoint('10.244.9.1', 'n9'),
    ]);
    assert.deepEqual(read(plan), { '192.0.2.10 TCP 80': 'kube-proxy=2 n1=1' });
    assert.deepEqual(
      plan.problems.map(({ object, field, value }) => [object, field, value]),
      [
        ['Service/default/web', 'endpoints', '198.51.100.7'],
        ['Service/default/web', 'endpoints.nodeName', 'n9'],
      ],
    );
    assert.match(plan.problems[0]!.message, /do not see the client's address/);
  });

  it('has no table where all is left to kube-proxy', () => {
    assert.deepEqual(read(planOne([endpoint('198.51.100.7', undefined)])), {
      '192.0.2.10 TCP 80': 'kube-proxy',
    });
  });

  it('does not steer to a node without an agent that lands', () => {
    const state = cluster(nodes, [service('web', [endpoint('10.244.2.1', 'n2')])]);
    const plan = decideSteering(state, allocated({ web: ['192.0.2.10'] }), node('n1'), {
      landingNodes: new Set([node('n1')]),
    });
    assert.deepEqual(read(plan), { '192.0.2.10 TCP 80': 'kube-proxy' });
    assert.equal(plan.problems[0]?.value, 'n2');
    assert.match(plan.problems[0].message, /No agent lands packets on this node/);
  });

  it('says that SCTP is not steered', () => {
    const sctp: ServicePort = { name: '', protocol: 'SCTP', port: 80 };
    const plan = planOne([endpoint('10.244.2.1', 'n2', { ports: [sctp] })], { ports: [sctp] });
    assert.deepEqual(plan.entries, []);
    assert.deepEqual(
      plan.problems.map(({ field, value }) => [field, value]),
      [['spec.ports', 'SCTP 80']],
    );
  });

  it('gives a port of a shared address to the first Service that can serve it', () => {
    const state = cluster(nodes, [
      service('a', []),
      service('b', [endpoint('10.244.2.1', 'n2')]),
      service('c', [endpoint('10.244.3.1', 'n3')]),
    ]);
    const addresses = allocated({ a: ['192.0.2.10'], b: ['192.0.2.10'], c: ['192.0.2.10'] });
    const plan = decideSteering(state, addresses, node('n1'), { landingNodes: landing });
    assert.deepEqual(read(plan), { '192.0.2.10 TCP 80': 'n2' });
    assert.deepEqual(plan.addresses, ['192.0.2.10']);
  });

  it('shares equal tables between Services', () => {
    const pods = [endpoint('10.244.2.1', 'n2'), endpoint('10.244.3.1', 'n3')];
    const state = cluster(nodes, [
      service('a', pods),
      service('b', [endpoint('10.244.3.9', 'n3'), endpoint('10.244.2.9', 'n2')]),
    ]);
    const addresses = allocated({ a: ['192.0.2.10'], b: ['192.0.2.11'] });
    const plan = decideSteering(state, addresses, node('n1'), { landingNodes: landing });
    assert.equal(plan.entries.length, 2);
    assert.equal(plan.tables.length, 1);
  });

  it('ignores a Service without an address', () => {
    const state = cluster(nodes, [service('web', [endpoint('10.244.2.1', undefined)])]);
    const plan = decideSteering(state, new Map(), node('n1'), { landingNodes: landing });
    assert.deepEqual([plan.entries, plan.addresses, plan.problems], [[], [], []]);
  });

  it('is frozen, and the same on all nodes in whatever order endpoints come', () => {
    const pod = fc.record({ on: fc.constantFrom(...nodes, 'n9', undefined), ready: fc.boolean() });
    fc.assert(
      fc.property(fc.array(pod, { maxLength: 12 }), fc.infiniteStream(fc.nat()), (pods, order) => {
        const endpoints = pods.map(({ on, ready }, index) =>
          endpoint(`10.244.0.${index + 1}`, on, { ready, serving: ready }),
        );
        const shuffled = endpoints
          .map((each) => ({ each, at: order.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ each }) => each);
        const plan = planOne(endpoints);
        assert.deepEqual(planOne(shuffled), plan);
        assert.ok(Object.isFrozen(plan) && Object.isFrozen(plan.tables[0]?.candidates ?? plan));
        const weights = plan.tables[0]?.candidates.map(({ weight }) => weight);
        const usable = pods.filter(({ ready }) => ready).length;
        if (weights)
          assert.equal(
            weights.reduce((a, b) => a + b),
            usable,
          );
        else assert.equal(plan.entries.length, usable === 0 ? 0 : 1);
      }),
    );
  });

  it('takes time in proportion to the Services', () => {
    const decide = (count: number) => {
      const services = Array.from({ length: count }, (_, index) =>
        service(`s${index}`, [
          endpoint(`10.244.${index >> 8}.${index & 255}`, nodes[index % 3]),
          endpoint(`10.245.${index >> 8}.${index & 255}`, nodes[(index + 1) % 3]),
        ]),
      );
      const addresses = Object.fromEntries(
        services.map(({ name }, index) => [name, [`10.0.${index >> 8}.${index & 255}`]]),
      );
      const [state, allocations] = [cluster(nodes, services), allocated(addresses)];
      const began = process.cpuUsage();
      const plan = decideSteering(state, allocations, node('n1'), { landingNodes: landing });
      assert.deepEqual([plan.entries.length, plan.tables.length], [count, 3]);
      const { user, system } = process.cpuUsage(began);
      return user + system;
    };
    // Of processor time, and the fastest of several: what else the machine does must not count.
    const fastest = (count: number) => Math.min(...[1, 2, 3].map(() => decide(count)));
    const [few, many] = [fastest(300), fastest(3000)];
    assert.ok(many < 50 * few, `${few} µs for 300, ${many} µs for 3000`);
  });
});
