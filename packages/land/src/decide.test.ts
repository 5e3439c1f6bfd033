import type { NodeName } from '@fairlead/cluster';
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { decideLanding } from './decide.ts';
import {
  address,
  exampleAllocations,
  examplePlan,
  exampleState,
  http,
  other,
  pod,
  self,
  type ExampleService,
} from './testing/example-cluster.ts';

const web: ExampleService = {
  name: 'web',
  addresses: ['198.51.100.1', '2001:db8:100::1'],
  endpoints: [pod('10.244.1.5'), pod('10.244.2.5', { node: other }), pod('fd00:244::5')],
};

suite('decide landing', () => {
  test('every port of every address lands on the local pods of its family', () => {
    assert.deepEqual(examplePlan([web]), {
      node: 'node-1',
      announcingInterfaces: ['eth0'],
      addresses: ['198.51.100.1', '2001:db8:100::1'],
      answering: ['198.51.100.1', '2001:db8:100::1'],
      entries: [
        {
          address: '198.51.100.1',
          protocol: 'TCP',
          port: 80,
          service: 'default/web',
          pods: [{ address: '10.244.1.5', port: 8080 }],
          sources: undefined,
          affinitySeconds: undefined,
        },
        {
          address: '2001:db8:100::1',
          protocol: 'TCP',
          port: 80,
          service: 'default/web',
          pods: [{ address: 'fd00:244::5', port: 8080 }],
          sources: undefined,
          affinitySeconds: undefined,
        },
      ],
      problems: [],
    });
  });

  const dns = { name: 'dns', protocol: 'UDP', port: 53 } as const;
  const cases: Record<string, readonly [Partial<ExampleService>, readonly string[]]> = {
    'pods of other nodes only': [{ endpoints: [pod('10.244.2.5', { node: other })] }, []],
    'a pod that names no node': [{ endpoints: [pod('10.244.1.5', { node: undefined })] }, []],
    'a pod that is not ready': [
      { endpoints: [pod('10.244.1.5', { ready: false, serving: false })] },
      [],
    ],
    'a pod that terminates beside a ready one elsewhere': [
      {
        endpoints: [
          pod('10.244.1.5', { ready: false, terminating: true }),
          pod('10.244.2.5', { node: other }),
        ],
      },
      [],
    ],
    'the last pod, terminating but serving': [
      { endpoints: [pod('10.244.1.5', { ready: false, terminating: true })] },
      ['TCP 80 → 10.244.1.5:8080'],
    ],
    'a pod in two EndpointSlices': [
      { endpoints: [pod('10.244.1.5'), pod('10.244.1.5')] },
      ['TCP 80 → 10.244.1.5:8080'],
    ],
    'ports that differ from pod to pod': [
      {
        ports: [http, dns],
        endpoints: [
          pod('10.244.1.6', { ports: [{ ...http, port: 9090 }] }),
          pod('10.244.1.5', {
            ports: [
              { ...http, port: 8080 },
              { ...dns, port: 5353 },
            ],
          }),
        ],
      },
      ['TCP 80 → 10.244.1.5:8080 10.244.1.6:9090', 'UDP 53 → 10.244.1.5:5353'],
    ],
  };
  for (const [name, [changes, expected]] of Object.entries(cases)) {
    test(name, () => {
      const { entries } = examplePlan([{ ...web, addresses: ['198.51.100.1'], ...changes }]);
      const texts = entries.map(({ protocol, port, pods }) => {
        const targets = pods.map((each) => `${each.address}:${each.port}`);
        return `${protocol} ${port} → ${targets.join(' ')}`;
      });
      assert.deepEqual(texts, expected);
    });
  }

  test('an address answers while a usable pod stands behind it on any node', () => {
    const far = { ...web, endpoints: [pod('10.244.2.5', { node: other })] };
    assert.deepEqual(examplePlan([far]).answering, ['198.51.100.1']);
    assert.deepEqual(examplePlan([far]).addresses, ['198.51.100.1', '2001:db8:100::1']);
    assert.deepEqual(examplePlan([{ ...web, endpoints: [] }]).answering, []);
  });

  test('the first of two Services with one port keeps it, on nodes without its pods too', () => {
    const first = { ...web, name: 'first', endpoints: [pod('10.244.2.5', { node: other })] };
    const { entries, problems } = examplePlan([first, web]);
    assert.deepEqual(entries, []);
    assert.equal(problems.length, 2);
    assert.equal(problems[0]?.object, 'Service/default/web');
    assert.equal(problems[0]?.value, 'TCP 80');
    assert.match(problems[0]?.message ?? '', /Service\/default\/first has this port of 198/u);
  });

  test('an address of a node is left alone: the guard would lock people out', () => {
    const node = {
      name: other,
      labels: {},
      addresses: [address('198.51.100.1')],
      ready: true,
      excluded: false,
    };
    const state = { ...exampleState([web]), nodes: [node] };
    const plan = decideLanding(state, exampleAllocations([web]), self, {
      announcingInterfaces: ['eth0'],
    });
    assert.deepEqual(plan.addresses, ['2001:db8:100::1']);
    assert.deepEqual(
      plan.entries.map((entry) => entry.address),
      ['2001:db8:100::1'],
    );
    assert.equal(plan.problems[0]?.value, '198.51.100.1');
    assert.match(plan.problems[0]?.message ?? '', /Node\/node-2/u);
  });

  test('without an allocation, nothing', () => {
    const plan = decideLanding(exampleState([web]), new Map(), self, { announcingInterfaces: [] });
    assert.deepEqual([plan.addresses, plan.entries], [[], []]);
  });

  test('a name that nftables cannot quote is left out and named', () => {
    const plan = examplePlan([], ['eth0', 'eth*', 'a"b', 'eth0']);
    assert.deepEqual(plan.announcingInterfaces, ['eth0']);
    assert.deepEqual(
      plan.problems.map(({ object, value }) => [object, value]),
      [
        ['Node/node-1', 'a"b'],
        ['Node/node-1', 'eth*'],
      ],
    );
  });

  test('all nodes together land each usable pod once, and the plan is frozen', () => {
    const nodes = ['a', 'b', 'c'] as NodeName[];
    const endpoints = fc.array(
      fc.record({
        at: fc.integer({ min: 1, max: 9 }),
        node: fc.constantFrom(...nodes, undefined),
        ready: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(endpoints, (list) => {
        const service = {
          ...web,
          endpoints: list.map(({ at, node, ready }) => pod(`10.244.1.${at}`, { node, ready })),
        };
        const plans = nodes.map((node) =>
          decideLanding(exampleState([service]), exampleAllocations([service]), node, {
            announcingInterfaces: ['eth0'],
          }),
        );
        const landed = plans.flatMap(({ node, entries }) =>
          entries.flatMap(({ pods }) => pods.map((each) => `${node} ${each.address}`)),
        );
        const usable = list
          .filter(({ node, ready }) => ready && node !== undefined)
          .map(({ node, at }) => `${node} 10.244.1.${at}`);
        assert.deepEqual(landed.toSorted(), [...new Set(usable)].toSorted());
        for (const plan of plans) assert.ok(isFrozen(plan));
      }),
    );
  });
});

function isFrozen(value: unknown): boolean {
  return (
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(isFrozen))
  );
}
