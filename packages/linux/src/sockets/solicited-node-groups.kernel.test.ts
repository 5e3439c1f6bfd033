import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { beforeEach, test } from 'node:test';
import { parseAddress, solicitedNodeGroup, type IpAddress } from '@fairlead/ip';
import { indexOf, openDescriptors, shell } from '../test-namespace.ts';
import { SolicitedNodeGroups } from './solicited-node-groups.ts';

beforeEach(() =>
  shell(`ip link delete veth0 2>/dev/null || true
    ip link add veth0 type veth peer name veth1
    ip link set veth0 up; ip link set veth1 up`),
);

function groupOf(address: string): IpAddress {
  const parsed = parseAddress(address);
  assert.ok(parsed);
  return solicitedNodeGroup(parsed);
}

/** ff02::1:ff00:0/104, as /proc/net/igmp6 writes it. */
const prefix = `ff02${'0'.repeat(19)}1`;

/** The groups that the kernel has joined on an interface because some process asked. */
function joinedByUser(name: string): number {
  return readFileSync('/proc/net/igmp6', 'latin1')
    .split('\n')
    .filter((line) => line.includes(` ${name} `) && line.includes(`${prefix}ff`)).length;
}

test('a group is joined once, left once, on its interface alone', () => {
  using groups = new SolicitedNodeGroups();
  const group = groupOf('2001:db8::12:3456');
  const own = joinedByUser('veth0');
  groups.join(indexOf('veth0'), group);
  groups.join(indexOf('veth0'), group);
  assert.equal(joinedByUser('veth0'), own + 1);
  assert.match(readFileSync('/proc/net/igmp6', 'latin1'), new RegExp(`veth0\\s+${prefix}ff123456`));
  assert.deepEqual(groups.joined(), [{ interfaceIndex: indexOf('veth0'), group }]);
  groups.leave(indexOf('veth1'), group);
  groups.leave(indexOf('veth0'), group);
  groups.leave(indexOf('veth0'), group);
  assert.equal(joinedByUser('veth0'), own);
  assert.deepEqual(groups.joined(), []);
});

test('more groups than one socket may hold, and all are left at the end', () => {
  const own = joinedByUser('veth0');
  const before = openDescriptors();
  const groups = new SolicitedNodeGroups();
  for (let n = 0; n < 5000; n += 1) {
    groups.join(
      indexOf('veth0'),
      groupOf(`2001:db8::${(n >> 12).toString(16)}:${(n & 0xfff).toString(16)}`),
    );
  }
  assert.equal(joinedByUser('veth0'), own + 5000);
  assert.ok(openDescriptors() > before + 1, 'several sockets');
  groups.leave(indexOf('veth0'), groupOf('2001:db8::0:0'));
  assert.equal(joinedByUser('veth0'), own + 4999);
  groups[Symbol.dispose]();
  assert.equal(joinedByUser('veth0'), own);
  assert.equal(openDescriptors(), before);
});

test('an interface that is gone: joining says so, leaving does not mind', () => {
  using groups = new SolicitedNodeGroups();
  const index = indexOf('veth0');
  groups.join(index, groupOf('2001:db8::1'));
  shell('ip link delete veth0');
  groups.leave(index, groupOf('2001:db8::1'));
  assert.deepEqual(groups.joined(), []);
  assert.throws(() => groups.join(index, groupOf('2001:db8::1')), {
    errno: 'ENODEV',
    message: /ff02::1:ff00:1/,
  });
});
