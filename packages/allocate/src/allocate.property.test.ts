import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  addressFromInteger,
  addressToInteger,
  familyOf,
  formatRange,
  rangeContains,
  type IpAddress,
} from '@fairlead/ip';
import type {
  AddressPool,
  Allocations,
  ClusterState,
  LoadBalancerService,
  ServiceKey,
} from '@fairlead/cluster';
import { sampleService as service } from '@fairlead/cluster/testing';
import * as fc from 'fast-check';
import { allocate } from './allocate.ts';
import { homesOf } from './home.ts';
import { Inventory } from './inventory.ts';
import { Ledger } from './ledger.ts';
import { node, pool, stateOf } from './testing/sample-state.ts';

// Small ranges, so that they fill up, next to a huge one.
const rangeTexts = [
  '10.0.0.0/30',
  '10.0.1.250-10.0.2.3',
  '10.0.3.7/32',
  '2001:db8::/126',
  '2001:db8:1::/64',
];
const requestable = [
  '10.0.0.0',
  '10.0.0.1',
  '10.0.0.3',
  '10.0.1.255',
  '10.0.2.0',
  '10.0.3.7',
  '10.9.9.9',
  '2001:db8::1',
  '2001:db8::2',
  '2001:db8:1::5',
  '2001:db8:9::9',
];
const namespaces = ['default', 'shop'];

const pools: fc.Arbitrary<readonly AddressPool[]> = fc
  .record({
    owner: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 5, maxLength: 5 }),
    options: fc.array(
      fc.record({
        autoAssign: fc.boolean(),
        priority: fc.constantFrom(undefined, 1, 2),
        namespaces: fc.constantFrom([], ['shop']),
        skipEdges: fc.boolean(),
      }),
      { minLength: 3, maxLength: 3 },
    ),
  })
  .map(({ owner, options }) =>
    ['a', 'b', 'c'].map((name, index) =>
      pool(
        name,
        rangeTexts.filter((_, range) => owner[range] === name),
        options[index],
      ),
    ),
  );

const services: fc.Arbitrary<readonly LoadBalancerService[]> = fc
  .array(
    fc.record({
      namespace: fc.constantFrom(...namespaces),
      families: fc.constantFrom([4] as const, [6] as const, [4, 6] as const, [6, 4] as const),
      familyPolicy: fc.constantFrom('SingleStack', 'PreferDualStack', 'RequireDualStack' as const),
      port: fc.constantFrom(80, 443),
      requestedAddresses: fc.oneof(
        { arbitrary: fc.constant([]), weight: 3 },
        fc.subarray(requestable, { maxLength: 2 }),
      ),
      requestedPool: fc.constantFrom(undefined, undefined, undefined, 'a', 'z'),
      shareKey: fc.constantFrom(undefined, undefined, 'k', 'l'),
    }),
    { maxLength: 14 },
  )
  .map((made) =>
    made.map(({ namespace, port, requestedAddresses, familyPolicy, ...rest }, index) => {
      const wanted = requestedAddresses as IpAddress[];
      const twice =
        wanted.length === 2 && wanted.every((one) => familyOf(one) === familyOf(wanted[0] ?? one));
      return service(`${namespace}/s${index}`, {
        ...rest,
        familyPolicy: rest.families.length === 1 ? 'SingleStack' : familyPolicy,
        requestedAddresses: twice ? wanted.slice(0, 1) : wanted,
        ports: [{ name: '', protocol: 'TCP', port }],
      });
    }),
  );

const nodes = [node('node-1', '10.0.0.1', '2001:db8::2')];
const states = fc.tuple(pools, services).map(([p, s]) => stateOf(p, s, { nodes }));

const plainServices = (max: number) =>
  fc
    .uniqueArray(fc.nat(10_000), { minLength: 1, maxLength: max })
    .map((numbers) => numbers.map((number) => service(`s${number}`)));

function addressOf(allocations: Allocations, { key }: LoadBalancerService): string | undefined {
  return allocations.get(key)?.addresses[0]?.address;
}

describe('an allocation', () => {
  it('gives no address twice, but to those that share it', () => {
    fc.assert(
      fc.property(states, (state) => {
        const holders = new Map<IpAddress, LoadBalancerService[]>();
        const allocations = allocate(state);
        for (const one of state.services) {
          for (const { address } of allocations.get(one.key)?.addresses ?? []) {
            holders.set(address, [...(holders.get(address) ?? []), one]);
          }
        }
        for (const [address, sharers] of holders) {
          if (sharers.length === 1) continue;
          const keys = new Set(sharers.map(({ shareKey }) => shareKey));
          const ports = new Set(sharers.flatMap((one) => one.ports.map(({ port }) => port)));
          assert.ok(keys.size === 1 && !keys.has(undefined), address);
          assert.equal(ports.size, sharers.length, address);
        }
      }),
    );
  });

  it('keeps to what pools and Services say', () => {
    fc.assert(
      fc.property(states, (state) => {
        const allocations = allocate(state);
        for (const one of state.services) assertProper(state, one, allocations);
      }),
    );
  });

  it('says why whenever a Service lacks an address', () => {
    fc.assert(
      fc.property(states, (state) => {
        const allocations = allocate(state);
        for (const one of state.services) {
          const { addresses = [], problems = [] } = allocations.get(one.key) ?? {};
          const enough = one.familyPolicy === 'RequireDualStack' ? 2 : 1;
          assert.ok(addresses.length >= enough || problems.length > 0, one.key);
          for (const { object, message } of problems) {
            assert.equal(object, `Service/${one.key}`);
            assert.notEqual(message, '');
          }
        }
      }),
    );
  });

  it('refuses nobody while there is a free address for it', () => {
    fc.assert(
      fc.property(states, (state) => {
        const allocations = allocate(state);
        const held = new Set(
          [...allocations.values()].flatMap(({ addresses }) =>
            addresses.map(({ address }) => address),
          ),
        );
        for (const one of state.services) {
          const isPlain = one.familyPolicy === 'SingleStack' && one.requestedAddresses.length === 0;
          if (!isPlain || allocations.get(one.key)?.addresses.length !== 0) continue;
          const inventory = new Inventory(state);
          const free = inventory.pools
            .filter(({ pool }) => {
              const offered =
                one.requestedPool === undefined ? pool.autoAssign : pool.name === one.requestedPool;
              return offered && inventory.refusal(pool, one) === undefined;
            })
            .flatMap(({ ranges }) => ranges)
            .filter(({ family }) => family === one.families[0])
            .flatMap((range) =>
              Array.from(
                { length: Math.min(Number(range.size), 64) },
                (_, index) => range.first + BigInt(index),
              )
                .filter((address) => !range.isExcluded(address))
                .map((address) => addressFromInteger(range.family, address)),
            )
            .filter((address) => !held.has(address));
          assert.deepEqual(free, [], one.key);
        }
      }),
    );
  });

  it('does not depend on the order of pools and nodes', () => {
    fc.assert(
      fc.property(states, (state) => {
        const turned = { ...state, pools: state.pools.toReversed(), nodes: nodes.toReversed() };
        assert.deepEqual([...allocate(turned)], [...allocate(state)]);
      }),
    );
  });

  it('stays when it is given back as assigned', () => {
    fc.assert(
      fc.property(states, (state) => {
        const first = allocate(state);
        const assigned = new Map(
          [...first].map(([key, { addresses }]) => [key, addresses.map(({ address }) => address)]),
        );
        const second = allocate(state, assigned);
        for (const [key, { addresses }] of first) {
          assert.deepEqual(second.get(key)?.addresses, addresses);
        }
      }),
    );
  });

  it('gives nobody what another one shows, unless they can share it', () => {
    fc.assert(
      fc.property(states, states, (before, state) => {
        const assigned = new Map(
          [...allocate(before)].map(([key, { addresses }]) => [
            key,
            addresses.map(({ address }) => address),
          ]),
        );
        const shows = ({ key }: LoadBalancerService, address: IpAddress) =>
          assigned.get(key)?.includes(address) === true;
        const allocations = allocate(state, assigned);
        for (const one of state.services) {
          for (const { address } of allocations.get(one.key)?.addresses ?? []) {
            if (shows(one, address)) continue;
            for (const other of state.services) {
              if (other === one || !shows(other, address)) continue;
              assert.ok(one.shareKey !== undefined && one.shareKey === other.shareKey, address);
              assert.notEqual(one.ports[0]?.port, other.ports[0]?.port, address);
            }
          }
        }
      }),
    );
  });

  it('stays as assigned whatever Services come before or after', () => {
    fc.assert(
      fc.property(states, services, (state, others) => {
        const first = allocate(state);
        const assigned = new Map(
          [...first].map(([key, { addresses }]) => [key, addresses.map(({ address }) => address)]),
        );
        const more = others.map((one) => ({ ...one, key: `new/${one.key}` as ServiceKey }));
        const second = allocate({ ...state, services: [...more, ...state.services] }, assigned);
        for (const [key, { addresses }] of first) {
          if (addresses.length > 0) assert.deepEqual(second.get(key)?.addresses, addresses);
        }
      }),
    );
  });
});

describe('a Service at its home', () => {
  const range = '10.0.0.0/26';
  const lan = pool('lan', [range]);
  const inventory = new Inventory(stateOf([lan], []));
  const ranges = inventory.pools.flatMap((usable) => usable.ranges);

  function homeOf(one: LoadBalancerService): string | undefined {
    const [home] = homesOf(one, ranges);
    return home && addressFromInteger(4, home.address);
  }

  it('stays there when another one is removed', () => {
    fc.assert(
      fc.property(plainServices(50), fc.nat(), (all, choice) => {
        const gone = all[choice % all.length];
        const before = allocate(stateOf([lan], all));
        const rest = all.filter((one) => one !== gone);
        const after = allocate(stateOf([lan], rest));
        for (const one of rest) {
          const address = addressOf(before, one);
          if (address === homeOf(one)) assert.equal(addressOf(after, one), address);
        }
      }),
    );
  });

  it('moves for a new one only if that comes before it and has the same home', () => {
    fc.assert(
      fc.property(plainServices(50), fc.nat(), (all, choice) => {
        const place = choice % all.length;
        const [added] = all.slice(place, place + 1);
        const others = all.filter((one) => one !== added);
        const before = allocate(stateOf([lan], others));
        const after = allocate(stateOf([lan], all));
        for (const one of others) {
          const wasHome = addressOf(before, one) === homeOf(one);
          if (!wasHome || addressOf(after, one) === addressOf(before, one)) continue;
          assert.ok(added !== undefined && all.indexOf(one) > place);
          assert.equal(homeOf(added), homeOf(one));
        }
      }),
    );
  });

  it('keeps its home when a range is added, or moves into that', () => {
    const wider = new Inventory(stateOf([pool('lan', [range, '10.0.1.0/26'])], []));
    const widerRanges = wider.pools.flatMap((usable) => usable.ranges);
    fc.assert(
      fc.property(fc.nat(100_000), (number) => {
        const one = service(`s${number}`);
        const [home] = homesOf(one, widerRanges);
        assert.ok(home !== undefined);
        const address = addressFromInteger(4, home.address);
        if (formatRange(home.range) === formatRange(ranges[0] ?? home.range)) {
          assert.equal(address, homeOf(one));
        }
      }),
    );
  });
});

it('a ledger that is left as it was found is empty', () => {
  const [range] = new Inventory(stateOf([pool('lan', ['10.0.0.0/30'])], [])).pools.flatMap(
    (usable) => usable.ranges,
  );
  assert.ok(range !== undefined);
  const one = service('a', { shareKey: 'k' });
  const places = [0n, 1n, 2n, 3n].map((offset) => ({ range, address: range.first + offset }));
  const ledger = new Ledger();
  for (const place of places) ledger.take(one, place);
  const [first] = places;
  assert.ok(first !== undefined);
  assert.equal(ledger.nextFree(first, one), undefined);
  for (const place of places) ledger.release(one, place);
  assert.deepEqual(ledger.nextFree(first, one), first);
  assert.deepEqual(ledger.shared('k', 4), []);
});

function assertProper(state: ClusterState, one: LoadBalancerService, allocations: Allocations) {
  const { addresses = [] } = allocations.get(one.key) ?? {};
  const families = addresses.map(({ address }) => familyOf(address));
  const wanted = one.familyPolicy === 'SingleStack' ? one.families.slice(0, 1) : one.families;
  assert.deepEqual(
    families,
    wanted.filter((family) => families.includes(family)),
  );
  if (one.familyPolicy === 'RequireDualStack') assert.ok([0, 2].includes(addresses.length));
  for (const { address, pool: name } of addresses) {
    const owner = state.pools.find((other) => other.name === name);
    assert.ok(owner !== undefined);
    assert.ok(owner.ranges.some((range) => rangeContains(range, address)));
    assert.ok(owner.namespaces.length === 0 || owner.namespaces.includes(one.namespace));
    assert.ok(!state.nodes.some((other) => other.addresses.includes(address)));
    const requested = one.requestedAddresses.find((other) => familyOf(other) === familyOf(address));
    assert.equal(requested ?? address, address);
    assert.equal(one.requestedPool ?? name, name);
    const asked = requested !== undefined || one.requestedPool !== undefined;
    assert.ok(asked || owner.autoAssign);
    const lastOctet = addressToInteger(address) & 255n;
    if (owner.skipEdges && familyOf(address) === 4) assert.ok(![0n, 255n].includes(lastOctet));
  }
}
