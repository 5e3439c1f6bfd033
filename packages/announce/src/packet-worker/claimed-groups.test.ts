import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpAddress } from '@fairlead/ip';
import * as fc from 'fast-check';
import { ClaimedGroups } from './claimed-groups.ts';

const claim = (address: string) => ({ address: address as IpAddress });

function setUp() {
  const joined = new Map<string, { interfaceIndex: number; group: IpAddress }>();
  const groups = new ClaimedGroups({
    join: (interfaceIndex, group) => {
      joined.set(`${interfaceIndex} ${group}`, { interfaceIndex, group });
    },
    leave: (interfaceIndex, group) => {
      joined.delete(`${interfaceIndex} ${group}`);
    },
    joined: () => [...joined.values()],
  });
  return { groups, names: () => [...joined.keys()].toSorted() };
}

test('addresses that share a group keep it until the last of them goes; IPv4 has none', () => {
  const { groups, names } = setUp();
  groups.set(new Map([[3, [claim('2001:db8::1:7'), claim('192.0.2.7')]]]));
  assert.deepEqual(names(), ['3 ff02::1:ff01:7']);
  groups.change(3, [], [claim('2001:db8:1::1:7')]);
  groups.change(3, [claim('2001:db8::1:7')], []);
  assert.deepEqual(names(), ['3 ff02::1:ff01:7']);
  groups.change(3, [claim('2001:db8:1::1:7')], []);
  assert.deepEqual(names(), []);
});

test('one change after the other joins what all claims at once do', () => {
  const address = fc.constantFrom('2001:db8::7', '2001:db8:1::7', '2001:db8::8', '192.0.2.7');
  const wanted = fc.array(fc.tuple(fc.constantFrom(3, 4), fc.uniqueArray(address)));
  fc.assert(
    fc.property(wanted, (steps) => {
      const stepwise = setUp();
      const atOnce = setUp();
      const all = new Map<number, { readonly address: IpAddress }[]>();
      for (const [interfaceIndex, addresses] of steps) {
        const before = all.get(interfaceIndex) ?? [];
        const now = addresses.map(claim);
        const has = (list: typeof now, one: (typeof now)[number]) =>
          list.some((each) => each.address === one.address);
        stepwise.groups.change(
          interfaceIndex,
          before.filter((each) => !has(now, each)),
          now.filter((each) => !has(before, each)),
        );
        all.set(interfaceIndex, now);
        atOnce.groups.set(all);
        assert.deepEqual(stepwise.names(), atOnce.names());
      }
    }),
  );
});
