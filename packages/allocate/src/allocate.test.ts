import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseRange, rangeContains, type MacAddress } from '@fairlead/ip';
import type { AddressPool, LoadBalancerService, ServiceKey } from '@fairlead/cluster';
import { sampleService as service } from '@fairlead/cluster/testing';
import { allocate } from './allocate.ts';
import type { Assigned } from './keep-assigned.ts';
import { addressesIn, ip, node, pool, stateOf } from './testing/sample-state.ts';

const dual = { families: [4, 6] } as const;
const requesting = (...addresses: readonly string[]) => ({ requestedAddresses: addresses.map(ip) });
const tcp = (port: number) => ({ ports: [{ name: '', protocol: 'TCP', port } as const] });

function assignedOf(entries: Readonly<Record<string, readonly string[]>>): Assigned {
  return new Map(
    Object.entries(entries).map(([name, addresses]) => [
      `default/${name}` as ServiceKey,
      addresses.map(ip),
    ]),
  );
}

function allocated(
  pools: readonly AddressPool[],
  services: readonly LoadBalancerService[],
  assigned?: Assigned,
) {
  return addressesIn(allocate(stateOf(pools, services), assigned));
}

/** The pool from which the only Service has its only address; or undefined. */
function poolOf(pools: readonly AddressPool[], one: LoadBalancerService): string | undefined {
  const [allocation] = allocate(stateOf(pools, [one])).values();
  return allocation?.addresses[0]?.pool;
}

function inRange(address: string | undefined, text: string): boolean {
  const result = parseRange(text);
  return address !== undefined && result.ok && rangeContains(result.range, ip(address));
}

describe('a Service without wishes', () => {
  it('gets an address of the pool', () => {
    const allocations = allocate(stateOf([pool('lan', ['192.0.2.0/28'])], [service('web')]));
    const web = allocations.get('default/web' as ServiceKey);
    assert.deepEqual(web?.problems, []);
    assert.equal(web.addresses.length, 1);
    assert.equal(web.addresses[0]?.pool, 'lan');
    assert.ok(inRange(web.addresses[0].address, '192.0.2.0/28'));
  });

  it('gets the same address for ever: it follows from its name', () => {
    // Changing these renumbers everybody's standalone clusters.
    const pools = [pool('lan', ['192.0.2.0/24', '2001:db8::/64'])];
    const services = ['web', 'dns', 'shop/web'].map((name) =>
      service(name, { ...dual, familyPolicy: 'RequireDualStack' }),
    );
    assert.deepEqual(allocated(pools, services), {
      web: ['192.0.2.233', '2001:db8::28ee:f984'],
      dns: ['192.0.2.207', '2001:db8::11be:8e12'],
      'shop/web': ['192.0.2.9', '2001:db8::6521:b1'],
    });
  });

  it('gets another address when its own is taken, until the last one', () => {
    const services = ['a', 'b', 'c', 'd'].map((name) => service(name));
    const addresses = Object.values(allocated([pool('lan', ['192.0.2.4/30'])], services)).flat();
    assert.deepEqual(addresses.toSorted(), ['192.0.2.4', '192.0.2.5', '192.0.2.6', '192.0.2.7']);
  });

  it('never gets the address of a node', () => {
    const nodes = [node('node-1', '192.0.2.0', '2001:db8::1'), node('node-2', '192.0.2.1')];
    const state = stateOf([pool('lan', ['192.0.2.0/30'])], [service('a'), service('b')], { nodes });
    const addresses = Object.values(addressesIn(allocate(state))).flat();
    assert.deepEqual(addresses.toSorted(), ['192.0.2.2', '192.0.2.3']);
  });

  it('never gets an address that a node reports, be it requested or held already', () => {
    const mac = '52:54:00:00:00:01' as MacAddress;
    const own = { family: 4, address: ip('192.0.2.0'), length: 30 } as const;
    const interfaces = [{ name: 'eth1', mac, addresses: [own] }];
    const report = { interfaces, landing: true, problems: [] };
    const nodes = [{ ...node('node-1', '198.51.100.1'), report }];
    const wanted = service('wanted', { requestedAddresses: [ip('192.0.2.0')] });
    const held = service('held');
    const state = stateOf([pool('lan', ['192.0.2.0/31'])], [wanted, held], { nodes });
    const allocations = allocate(state, new Map([[held.key, [ip('192.0.2.0')]]]));
    assert.deepEqual(addressesIn(allocations), { wanted: [], held: ['192.0.2.1'] });
    const [problem] = allocations.get(wanted.key)?.problems ?? [];
    assert.match(problem?.message ?? '', /Is the address of Node\/node-1/u);
  });
});

describe('the pool of a Service', () => {
  const lan = pool('lan', ['192.0.2.0/28']);

  it('is the one of the lowest priority number, those without a number last', () => {
    const pools = [
      lan,
      pool('second', ['198.51.100.0/28'], { priority: 2 }),
      pool('first', ['203.0.113.0/28'], { priority: 1 }),
    ];
    assert.equal(poolOf(pools, service('web')), 'first');
  });

  it('is, of equal ones, first one that is meant for some Services, then the first by name', () => {
    const some = pool('some', ['203.0.113.0/28'], { namespaces: ['default'] });
    const other = pool('aaa', ['198.51.100.0/28']);
    assert.equal(poolOf([lan, some, other], service('web')), 'some');
    assert.equal(poolOf([lan, other], service('web')), 'aaa');
  });

  it('may have a priority only', () => {
    assert.equal(poolOf([pool('lan', ['192.0.2.0/28'], { priority: 5 })], service('web')), 'lan');
  });

  it('is the next one when the first is full', () => {
    const small = pool('a', ['198.51.100.1/32']);
    const allocations = allocate(stateOf([small, lan], [service('one'), service('two')]));
    const names = [...allocations.values()].map(({ addresses }) => addresses[0]?.pool);
    assert.deepEqual(new Set(names), new Set(['a', 'lan']));
  });

  it('is the one it requests, even without autoAssign', () => {
    const reserved = pool('reserved', ['198.51.100.0/28'], { autoAssign: false });
    assert.equal(poolOf([lan, reserved], service('web')), 'lan');
    assert.equal(
      poolOf([lan, reserved], service('web', { requestedPool: 'reserved' })),
      'reserved',
    );
    assert.equal(poolOf([reserved], service('web', requesting('198.51.100.3'))), 'reserved');
    assert.equal(poolOf([reserved], service('web')), undefined);
  });

  it('admits namespaces by name or by label, and of these the Services it selects', () => {
    const chosen = pool('chosen', ['198.51.100.0/24'], {
      namespaces: ['shop'],
      namespaceSelector: { matchLabels: { team: 'a' } },
      serviceSelector: { matchLabels: { public: 'yes' } },
    });
    const named = pool('named', ['203.0.113.0/24'], {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'blog' } },
    });
    const namespaces = [{ name: 'team-a', labels: { team: 'a' } }];
    const labels = { public: 'yes' };
    const services = [
      service('shop/public', { labels }),
      service('shop/private'),
      service('team-a/public', { labels }),
      service('blog/public', { labels }),
      service('other/public', { labels }),
    ];
    const state = stateOf([chosen, named], services, { namespaces });
    const pools = [...allocate(state)].map(([key, { addresses }]) => [key, addresses[0]?.pool]);
    assert.deepEqual(Object.fromEntries(pools), {
      'shop/public': 'chosen',
      'shop/private': undefined,
      'team-a/public': 'chosen',
      'blog/public': 'named',
      'other/public': undefined,
    });
  });
});

describe('families', () => {
  const both = [pool('lan', ['192.0.2.0/28', '2001:db8::/64'])];
  const v4 = [pool('lan', ['192.0.2.0/28'])];
  const v6 = [pool('lan', ['2001:db8::/64'])];

  function familiesOf(pools: readonly AddressPool[], more: Partial<LoadBalancerService>) {
    const [allocation] = allocate(stateOf(pools, [service('web', more)])).values();
    const families = allocation?.addresses.map(({ address }) => (address.includes(':') ? 6 : 4));
    return [families, allocation?.problems.length];
  }

  it('SingleStack is an address of the first family, no other', () => {
    assert.deepEqual(familiesOf(both, { families: [6, 4] }), [[6], 0]);
    assert.deepEqual(familiesOf(v4, { families: [6] }), [[], 1]);
  });

  it('PreferDualStack takes what there is, in the order of the families', () => {
    const prefer = (families: readonly (4 | 6)[]) =>
      ({ families, familyPolicy: 'PreferDualStack' }) as const;
    assert.deepEqual(familiesOf(both, prefer([6, 4])), [[6, 4], 0]);
    assert.deepEqual(familiesOf(v4, prefer([6, 4])), [[4], 0]);
    assert.deepEqual(familiesOf(v6, prefer([4, 6])), [[6], 0]);
    assert.deepEqual(familiesOf([], prefer([4, 6])), [[], 1]);
  });

  it('PreferDualStack has a problem when a pool is full, not when there is none', () => {
    const full = [pool('lan', ['192.0.2.1/32', '2001:db8::/64'])];
    const services = [
      service('first', requesting('192.0.2.1')),
      service('web', { ...dual, familyPolicy: 'PreferDualStack' }),
    ];
    const web = allocate(stateOf(full, services)).get('default/web' as ServiceKey);
    assert.equal(web?.addresses.length, 1);
    assert.match(
      web.problems[0]?.message ?? '',
      /No pool has an IPv4 address for it: lan is full/u,
    );
  });

  it('RequireDualStack is both or none', () => {
    const require = { ...dual, familyPolicy: 'RequireDualStack' } as const;
    assert.deepEqual(familiesOf(both, require), [[4, 6], 0]);
    assert.deepEqual(familiesOf(v4, require), [[], 1]);
    assert.deepEqual(familiesOf(v6, require), [[], 1]);
    // From two pools is as good as from one.
    const apart = [pool('a', ['192.0.2.0/28']), pool('b', ['2001:db8::/64'])];
    assert.deepEqual(familiesOf(apart, require), [[4, 6], 0]);
  });

  it('RequireDualStack leaves to others what it cannot complete', () => {
    const pools = [pool('lan', ['192.0.2.1/32'])];
    const greedy = service('a', { ...dual, familyPolicy: 'RequireDualStack' });
    assert.deepEqual(allocated(pools, [greedy, service('b')]), { a: [], b: ['192.0.2.1'] });
    const pinned = { ...greedy, ...requesting('192.0.2.1') };
    assert.deepEqual(allocated(pools, [pinned, service('b')]), { a: [], b: ['192.0.2.1'] });
  });

  it('RequireDualStack gets what it requests once another one has let go', () => {
    const require = { ...dual, familyPolicy: 'RequireDualStack' } as const;
    const services = [
      service('web', { ...require, ...requesting('192.0.2.9') }),
      // Holds the only IPv6 address, but has no pool for IPv4.
      service('dns', { ...require, ...requesting('2001:db8::1'), labels: { v6: 'only' } }),
    ];
    const v6 = pool('v6', ['2001:db8::1/128']);
    const v4 = pool('v4', ['192.0.2.0/28'], {
      serviceSelector: { matchExpressions: [{ key: 'v6', operator: 'DoesNotExist' }] },
    });
    assert.deepEqual(allocated([v4, v6], services), {
      web: ['192.0.2.9', '2001:db8::1'],
      dns: [],
    });
  });

  it('a requested address of one family is completed by any of the other', () => {
    const require = { ...dual, familyPolicy: 'RequireDualStack' } as const;
    const { web } = allocated(both, [service('web', { ...require, ...requesting('2001:db8::7') })]);
    assert.equal(web?.length, 2);
    assert.equal(web[1], '2001:db8::7');
  });
});

describe('a requested address', () => {
  const lan = pool('lan', ['192.0.2.0/28']);

  it('is given, whatever the order: nobody without wishes gets it before', () => {
    const services = ['a', 'b', 'c'].map((name) => service(name));
    const before = allocated([lan], services);
    const wanted = before['a']?.[0] ?? '';
    const after = allocated([lan], [...services, service('z', requesting(wanted))]);
    assert.deepEqual(after['z'], [wanted]);
    assert.notDeepEqual(after['a'], [wanted]);
    assert.deepEqual([after['b'], after['c']], [before['b'], before['c']]);
  });

  it('that is refused is not replaced by another', () => {
    const { web } = allocated([lan], [service('web', requesting('198.51.100.1'))]);
    assert.deepEqual(web, []);
  });

  const cases: readonly {
    readonly what: string;
    readonly pools?: readonly AddressPool[];
    readonly others?: readonly LoadBalancerService[];
    readonly web: Partial<LoadBalancerService>;
    readonly message: RegExp;
  }[] = [
    {
      what: 'lies in no pool',
      web: requesting('198.51.100.1'),
      message: /Lies in no AddressPool\. Choose from lan \(192\.0\.2\.0-192\.0\.2\.15\)/u,
    },
    {
      what: 'lies in no pool, as there is none',
      pools: [],
      web: requesting('198.51.100.1'),
      message: /Lies in no AddressPool\. There is no pool at all/u,
    },
    {
      what: 'is held by somebody else',
      others: [service('first', requesting('192.0.2.1'))],
      web: requesting('192.0.2.1'),
      message: /Is held by Service\/default\/first\. .*fairlead\.dev\/share-key/u,
    },
    {
      what: 'is shared by somebody with the same port',
      others: [service('first', { ...requesting('192.0.2.1'), shareKey: 'k' })],
      web: { ...requesting('192.0.2.1'), shareKey: 'k' },
      message: /Is held by Service\/default\/first, .*TCP port 80/u,
    },
    {
      what: 'lies in another pool than requested',
      pools: [lan, pool('other', ['203.0.113.0/24'])],
      web: { ...requesting('192.0.2.1'), requestedPool: 'other' },
      message: /Lies in AddressPool\/lan, but the Service requests pool other/u,
    },
    {
      what: 'lies in a pool for other namespaces',
      pools: [pool('lan', ['192.0.2.0/28'], { namespaces: ['shop'] })],
      web: requesting('192.0.2.1'),
      message: /AddressPool\/lan, which is not for namespace default/u,
    },
    {
      what: 'lies in a pool for other Services',
      pools: [pool('lan', ['192.0.2.0/28'], { serviceSelector: { matchLabels: { a: 'b' } } })],
      web: requesting('192.0.2.1'),
      message: /does not select this Service's labels/u,
    },
    {
      what: 'is the address of a node',
      web: requesting('192.0.2.11'),
      message: /Is the address of Node\/node-1/u,
    },
    {
      what: 'is an edge that the pool leaves alone',
      pools: [pool('lan', ['192.0.2.0/28'], { skipEdges: true })],
      web: requesting('192.0.2.15'),
      message: /edge of a network, and AddressPool\/lan has skipEdges/u,
    },
    {
      what: 'is of a family that the Service has not',
      web: requesting('2001:db8::1'),
      message: /Not of a family that the Service has \(SingleStack, IPv4\)/u,
    },
  ];
  for (const { what, pools = [lan], others = [], web, message } of cases) {
    it(`that ${what} is a problem that says what to do`, () => {
      const nodes = [node('node-1', '192.0.2.11')];
      const state = stateOf(pools, [...others, service('web', web)], { nodes });
      const allocation = allocate(state).get('default/web' as ServiceKey);
      assert.deepEqual(allocation?.addresses, []);
      assert.equal(allocation.problems.length, 1);
      const [problem] = allocation.problems;
      assert.equal(problem?.object, 'Service/default/web');
      assert.equal(problem.field, 'metadata.annotations[fairlead.dev/addresses]');
      assert.equal(problem.value, web.requestedAddresses?.[0]);
      assert.match(problem.message, message);
    });
  }

  it('is named by the field in which it was written', () => {
    const requestFields = { addresses: 'spec.loadBalancerIP' };
    const web = service('web', { ...requesting('198.51.100.1'), requestFields });
    const [allocation] = allocate(stateOf([lan], [web])).values();
    assert.equal(allocation?.problems[0]?.field, 'spec.loadBalancerIP');
  });
});

describe('no address', () => {
  const problemOf = (pools: readonly AddressPool[], ...services: LoadBalancerService[]) => {
    const problems = [...allocate(stateOf(pools, services)).values()].at(-1)?.problems;
    assert.equal(problems?.length, 1);
    return problems[0];
  };

  it('because there is no pool', () => {
    assert.match(
      problemOf([], service('web'))?.message ?? '',
      /There is no AddressPool\. Write one/u,
    );
  });

  it('for a reason that differs from pool to pool', () => {
    const pools = [
      pool('a', ['192.0.2.0/28'], { namespaces: ['shop'] }),
      pool('b', ['198.51.100.0/28'], { autoAssign: false }),
      pool('c', ['2001:db8::/64']),
      pool('d', ['203.0.113.1/32']),
      pool('e', ['203.0.113.2/32'], { serviceSelector: { matchLabels: { a: 'b' } } }),
    ];
    assert.equal(
      problemOf(pools, service('first'), service('web'))?.message,
      "No pool has an IPv4 address for it: a is not for namespace default; e does not select this Service's labels; b has autoAssign: false and must be requested; c has no IPv4 addresses; d is full. Add addresses to a pool, or request one by the annotation fairlead.dev/pool.",
    );
  });

  it('from the pool that is requested', () => {
    const web = service('web', { requestedPool: 'a' });
    const cases = [
      [[], /There is no AddressPool of this name/u],
      [[pool('a', ['192.0.2.0/28'], { namespaces: ['shop'] })], /not for namespace default/u],
      [[pool('a', ['2001:db8::/64'])], /The pool has no IPv4 addresses/u],
    ] as const;
    for (const [pools, message] of cases) {
      const problem = problemOf(pools, web);
      assert.equal(problem?.field, 'metadata.annotations[fairlead.dev/pool]');
      assert.equal(problem.value, 'a');
      assert.match(problem.message, message);
    }
    const full = problemOf([pool('a', ['192.0.2.1/32'])], service('first'), web);
    assert.match(full?.message ?? '', /All IPv4 addresses of the pool are taken/u);
  });
});

describe('a share key', () => {
  const pools = [pool('lan', ['192.0.2.0/24'])];
  const sharing = (name: string, port: number, more: Partial<LoadBalancerService> = {}) =>
    service(name, { shareKey: 'k', ...tcp(port), ...more });

  it('brings Services together on one address', () => {
    const { a, b, c } = allocated(pools, [sharing('a', 80), sharing('b', 443), service('c')]);
    assert.deepEqual(a, b);
    assert.notDeepEqual(a, c);
  });

  it('brings them to the address that one of them requests', () => {
    const services = [sharing('a', 80), sharing('b', 443, requesting('192.0.2.7'))];
    assert.deepEqual(allocated(pools, services), { a: ['192.0.2.7'], b: ['192.0.2.7'] });
  });

  it('gives who has the same port and protocol an address of its own', () => {
    const udp = { ports: [{ name: '', protocol: 'UDP', port: 80 } as const] };
    const { a, b, c } = allocated(pools, [
      sharing('a', 80),
      sharing('b', 80),
      sharing('c', 80, udp),
    ]);
    assert.notDeepEqual(a, b);
    assert.deepEqual(a, c);
  });

  it('works under both traffic policies, whatever the pods: steering finds them', () => {
    const { a, b } = allocated(pools, [
      sharing('a', 80, { externalTrafficPolicy: 'Local' }),
      sharing('b', 443),
    ]);
    assert.deepEqual(a, b);
  });

  it('shares with nobody else: not with another key, nor with none', () => {
    const [a, b, c] = [undefined, 'k', 'l'].map((shareKey, index) =>
      service('abc'.charAt(index), { shareKey, ...tcp(index + 1), ...requesting('192.0.2.7') }),
    );
    assert.ok(a && b && c);
    assert.deepEqual(allocated(pools, [a, b, c]), { a: ['192.0.2.7'], b: [], c: [] });
  });

  it('does not reach into a pool that does not admit the Service', () => {
    const shop = pool('shop', ['203.0.113.0/24'], { namespaces: ['shop'] });
    const services = [service('shop/a', { shareKey: 'k', ...tcp(1) }), sharing('b', 2)];
    const allocations = allocate(stateOf([shop, ...pools], services));
    const names = [...allocations.values()].map(({ addresses }) => addresses[0]?.pool);
    assert.deepEqual(names, ['shop', 'lan']);
  });
});

describe('what is assigned', () => {
  const lan = pool('lan', ['192.0.2.0/28']);

  it('stays: a restart, new pools and Services that wait change nothing', () => {
    const services = ['new', 'old'].map((name) => service(name));
    const pools = [lan, pool('better', ['198.51.100.0/24'], { priority: 1 })];
    const { old } = allocated(pools, services, assignedOf({ old: ['192.0.2.3'] }));
    assert.deepEqual(old, ['192.0.2.3']);
  });

  it('stays against one who requests it', () => {
    const services = [service('new', requesting('192.0.2.3')), service('old')];
    const result = allocated([lan], services, assignedOf({ old: ['192.0.2.3'] }));
    assert.deepEqual(result, { new: [], old: ['192.0.2.3'] });
  });

  it('stays in a pool that no longer gives addresses away unasked, or skips edges now', () => {
    const closed = pool('lan', ['192.0.2.0/28'], { autoAssign: false, skipEdges: true });
    const { web } = allocated([closed], [service('web')], assignedOf({ web: ['192.0.2.0'] }));
    assert.deepEqual(web, ['192.0.2.0']);
  });

  it('takes nothing from the others when it is an edge that the pool skips now', () => {
    const pools = [pool('lan', ['192.0.2.0/30'], { skipEdges: true })];
    const services = ['old', 'a', 'b'].map((name) => service(name));
    const result = allocated(pools, services, assignedOf({ old: ['192.0.2.0'] }));
    assert.deepEqual(
      new Set(Object.values(result).flat()),
      new Set(['192.0.2.0', '192.0.2.1', '192.0.2.2']),
    );
  });

  const moves = [
    ['its pool is gone', service('web'), '198.51.100.1'],
    ['its pool admits it no longer', service('web'), '203.0.113.1'],
    ['it requests another one', service('web', requesting('192.0.2.9')), '192.0.2.3'],
    ['it requests another pool', service('web', { requestedPool: 'lan' }), '203.0.114.1'],
    ['it has become a node', service('web'), '192.0.2.11'],
    ['its family is not wanted', service('web'), '2001:db8::1'],
  ] as const;
  for (const [what, web, address] of moves) {
    it(`is replaced when ${what}`, () => {
      const pools = [
        lan,
        pool('shop', ['203.0.113.0/24'], { namespaces: ['shop'] }),
        pool('other', ['203.0.114.0/24', '2001:db8::/64']),
      ];
      const state = stateOf(pools, [web], { nodes: [node('node-1', '192.0.2.11')] });
      const result = addressesIn(allocate(state, assignedOf({ web: [address] })));
      assert.equal(result['web']?.length, 1);
      assert.notEqual(result['web'][0], address);
      assert.ok(inRange(result['web'][0], '192.0.2.0/28'));
    });
  }

  it('to two that must not share it stays with the first', () => {
    const services = [service('a'), service('b')];
    const both = assignedOf({ a: ['192.0.2.3'], b: ['192.0.2.3'] });
    const { a, b } = allocated([lan], services, both);
    assert.deepEqual(a, ['192.0.2.3']);
    assert.notDeepEqual(b, a);
    assert.equal(b?.length, 1);
  });

  it('to several stays with the most that can share it, also where the oldest no longer does', () => {
    const sharing = (name: string, port: number) => service(name, { shareKey: 'k', ...tcp(port) });
    const services = [
      service('a', tcp(1)),
      sharing('b', 2),
      sharing('c', 3),
      sharing('d', 3),
      service('e', { shareKey: 'l', ...tcp(4) }),
    ];
    const shown = ['192.0.2.3'];
    const all = assignedOf({ a: shown, b: shown, c: shown, d: shown, e: shown });
    const { a, b, c, d, e } = allocated([lan], services, all);
    assert.deepEqual([b, c], [shown, shown]);
    for (const moved of [a, d, e]) {
      assert.equal(moved?.length, 1);
      assert.notDeepEqual(moved, shown);
    }
  });

  it('is one address of each wanted family, however many there were', () => {
    const many = assignedOf({ web: ['192.0.2.3', '192.0.2.4', '2001:db8::1'] });
    assert.deepEqual(allocated([lan], [service('web')], many), { web: ['192.0.2.3'] });
  });

  it('is completed when a Service becomes dual-stack', () => {
    const pools = [pool('lan', ['192.0.2.0/28', '2001:db8::/64'])];
    const web = service('web', { ...dual, familyPolicy: 'PreferDualStack' });
    const result = allocated(pools, [web], assignedOf({ web: ['192.0.2.3'] }));
    assert.equal(result['web']?.[0], '192.0.2.3');
    assert.equal(result['web'].length, 2);
  });
});

describe('10 000 Services', () => {
  for (const [range, family] of [
    ['10.1.0.0/16', 4],
    ['2001:db8::/64', 6],
  ] as const) {
    it(`get an address each from ${range}`, () => {
      const services = Array.from({ length: 10_000 }, (_, index) =>
        service(`ns-${index % 100}/web-${index}`, { families: [family] }),
      );
      const state = stateOf([pool('lan', [range])], services);
      const allocations = allocate(state);
      const addresses = [...allocations.values()].map(({ addresses }) => addresses[0]?.address);
      assert.equal(new Set(addresses).size, 10_000);
    });
  }
});
