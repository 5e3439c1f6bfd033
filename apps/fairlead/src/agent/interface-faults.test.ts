import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnnouncePlan } from '@fairlead/announce';
import type { NodeName } from '@fairlead/cluster';
import type { MacAddress } from '@fairlead/ip';
import { interfaceProblems, withoutFaulty } from './interface-faults.ts';

const mac = '52:54:00:00:00:01' as MacAddress;

function segment(interfaceName: string, ...ports: readonly number[]): AnnouncePlan['segments'][0] {
  return {
    interfaceName,
    interfaceIndex: ports[0] ?? 0,
    mac,
    ports,
    twins: [],
    addresses: [],
    peers: [],
    announcements: [],
    claims: [],
  };
}

const plan: AnnouncePlan = {
  segments: [segment('eth0', 2), segment('br0', 5, 6)],
  interfaces: [],
  problems: [],
};

test('a segment one of whose ports cannot be served is left out, and no other', () => {
  assert.equal(withoutFaulty(plan, new Map()), plan);
  const left = withoutFaulty(plan, new Map([[6, 'EINVAL']]));
  assert.deepEqual(
    left.segments.map(({ interfaceName }) => interfaceName),
    ['eth0'],
  );
});

test('each interface is told by its name, with the segment that suffers', () => {
  const faults = new Map([
    [2, 'EINVAL'],
    [6, 'E2BIG'],
    [9, 'ENODEV'],
  ]);
  const names = new Map([
    [2, 'eth0'],
    [6, 'vnet1'],
  ]);
  const told = interfaceProblems('a' as NodeName, plan, faults, (index) => names.get(index));
  assert.deepEqual(
    told.map(({ value, message }) => [value, /by (.*);/u.exec(message)?.[1]]),
    [
      ['eth0', 'it'],
      ['vnet1', 'br0, of which it is a port'],
      ['9', 'it'],
    ],
  );
});
