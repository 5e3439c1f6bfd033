import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { NodeName } from '@fairlead/cluster';
import { SystemError } from '@fairlead/linux';
import type { SteerEntry, SteerPlan, TableKey } from '../plan.ts';
import { address, node } from '../testing/cluster.ts';
import { MemoryMap } from '../testing/memory-map.ts';
import { EntryStore } from './entry-store.ts';
import { NodeIndex } from './layout.ts';

const [one, two] = [address('192.0.2.1'), address('192.0.2.2')];
const table = 'table' as TableKey;
const indexOf = (name: NodeName | undefined) =>
  name === undefined ? NodeIndex.kubeProxy : Number(name.slice(1));

function entry(changes: Partial<SteerEntry>): SteerEntry {
  const target = { kind: 'node', node: node('n7') } as const;
  return { address: one, protocol: 'TCP', port: 80, affinity: false, target, ...changes };
}

function plan(entries: readonly SteerEntry[], addresses = [one]): SteerPlan {
  return { self: node('n1'), addresses, entries, tables: [], problems: [] };
}

function contents(map: MemoryMap): readonly string[] {
  return map
    .entries()
    .map(({ key, value }) => `${key.toHex()} ${value.toHex()}`)
    .toSorted();
}

describe('entries in the kernel', () => {
  let services: MemoryMap;
  let addresses: MemoryMap;
  let store: EntryStore;
  beforeEach(() => {
    services = new MemoryMap();
    addresses = new MemoryMap();
    store = new EntryStore(services, addresses);
  });

  function write(wanted: SteerPlan, slots = new Map<TableKey, number>()) {
    const change = store.write(wanted, slots, indexOf);
    change.prune();
    return [...change.incomplete];
  }

  const values = () => services.entries().map(({ value }) => value.toHex());

  it('name a node, kube-proxy or a table', () => {
    const entries = [
      entry({ port: 1 }),
      entry({ port: 2, target: { kind: 'kube-proxy' } }),
      entry({ port: 3, target: { kind: 'table', key: table }, affinity: true }),
    ];
    assert.deepEqual(write(plan(entries), new Map([[table, 65]])), []);
    assert.deepEqual(values(), ['0700000000000000', 'feff000000000000', '4100000003000000']);
    assert.ok(store.has(one));
  });

  it('are not written again where nothing changes', () => {
    write(plan([entry({})]));
    services.takeLog();
    addresses.takeLog();
    write(plan([entry({})]));
    assert.deepEqual([services.takeLog(), addresses.takeLog()], [[], []]);
  });

  it('are replaced in place, never missing between', () => {
    write(plan([entry({})]));
    services.takeLog();
    write(plan([entry({ target: { kind: 'node', node: node('n8') } })]));
    const log = services.takeLog();
    assert.equal(log.length, 1);
    assert.match(log[0]!, /^set /);
    assert.deepEqual(values(), ['0800000000000000']);
  });

  it('are there before their address is in place, and after it no longer is', () => {
    const order: string[] = [];
    const note = (map: MemoryMap, name: string) => {
      const [set, remove] = [map.set.bind(map), map.delete.bind(map)];
      map.set = (key, value) => (order.push(`+${name}`), set(key, value));
      map.delete = (key) => (order.push(`-${name}`), remove(key));
    };
    note(services, 'service');
    note(addresses, 'address');
    write(plan([entry({})]));
    write(plan([], []));
    assert.deepEqual(order, ['+service', '+address', '-address', '-service']);
  });

  it('leave an address without entries in place', () => {
    write(plan([], [one, two]));
    assert.ok(store.has(one) && store.has(two));
    assert.deepEqual(values(), []);
  });

  it('without a table make their address incomplete, not others', () => {
    const entries = [
      entry({}),
      entry({ port: 2, target: { kind: 'table', key: table } }),
      entry({ address: two }),
    ];
    assert.deepEqual(write(plan(entries, [one, two])), [one]);
    assert.ok(!store.has(one) && store.has(two));
    assert.deepEqual(write(plan(entries, [one, two]), new Map([[table, 1]])), []);
    assert.ok(store.has(one));
    write(plan(entries, [one, two]));
    assert.ok(!store.has(one), 'also where it was complete before');
  });

  it('that find no room make their address incomplete, not others', () => {
    const set = services.set.bind(services);
    services.set = (key, value) => {
      if (key[17] === 81) throw new SystemError(7, 'bpf', 'update in map services');
      set(key, value);
    };
    const entries = [entry({}), entry({ port: 81 }), entry({ address: two })];
    assert.deepEqual(write(plan(entries, [one, two])), [one]);
    assert.ok(!store.has(one) && store.has(two));
    assert.equal(services.entries().length, 2);
  });

  it('are what the plan says, whatever was written before and however much of that is remembered', () => {
    const known = [1, 2, 3, 4].flatMap((port) => [
      entry({ port }),
      entry({ port, target: { kind: 'table', key: table } }),
      entry({ port, address: two, target: { kind: 'node', node: node('n8') } }),
    ]);
    const step = fc.record({
      entries: fc.uniqueArray(fc.constantFrom(...known), {
        selector: ({ address, port }) => `${address} ${port}`,
      }),
      slot: fc.constantFrom(undefined, 1, 2),
      forgets: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        [services, addresses] = [new MemoryMap(), new MemoryMap()];
        store = new EntryStore(services, addresses);
        for (const { entries, slot, forgets } of steps) {
          const wanted = plan(entries, [...new Set(entries.map(({ address }) => address))]);
          const slots = new Map(slot === undefined ? [] : [[table, slot] as const]);
          if (forgets) store.forget();
          const incomplete = write(wanted, slots);
          const fresh = [new MemoryMap(), new MemoryMap()] as const;
          const alone = new EntryStore(...fresh).write(wanted, slots, indexOf);
          alone.prune();
          assert.deepEqual(new Set(incomplete), alone.incomplete);
          assert.deepEqual(contents(services), contents(fresh[0]));
          assert.deepEqual(contents(addresses), contents(fresh[1]));
        }
      }),
    );
  });

  it('do not hide what else the kernel says', () => {
    services.set = () => {
      throw new SystemError(1, 'bpf', 'update in map services');
    };
    assert.throws(() => write(plan([entry({})])), { errno: 'EPERM' });
  });
});
