import assert from 'node:assert/strict';
import { test } from 'node:test';
import { indexOf, openDescriptors, shell, until } from '../test-namespace.ts';
import { listAddresses, listDefaultGateways, listInterfaces } from './list.ts';

test('interfaces: loopback, bridge, its port, and what changes', () => {
  shell(`ip link add br0 type bridge
    ip link add veth0 address 02:00:00:00:00:01 mtu 1400 type veth peer name veth1
    ip link set veth0 master br0 up`);
  const [loopback] = listInterfaces();
  assert.equal(loopback?.name, 'lo');
  assert.equal(loopback?.loopback, true);
  assert.equal(loopback?.up, false);

  const port = (): ReturnType<typeof listInterfaces>[number] | undefined =>
    listInterfaces().find(({ name }) => name === 'veth0');
  assert.deepEqual(port(), {
    index: indexOf('veth0'),
    name: 'veth0',
    mac: '02:00:00:00:00:01',
    up: true,
    carrier: false,
    loopback: false,
    noArp: false,
    broadcast: true,
    mtu: 1400,
    master: indexOf('br0'),
    parent: indexOf('veth1'),
    kind: 'veth',
    slaveKind: 'bridge',
  });
  shell('ip link set veth1 up');
  assert.equal(port()?.carrier, true);
  shell('ip link set veth0 down; ip link set veth0 arp off');
  assert.equal(port()?.up, false);
  assert.equal(port()?.noArp, true);
  shell('ip link delete veth0; ip link delete br0');
  assert.equal(port(), undefined);
});

test('addresses of both families, and duplicate address detection on its way', async () => {
  shell(`ip link add veth0 type veth peer name veth1
    ip link set veth0 up; ip link set veth1 up
    ip address add 192.0.2.1/24 dev veth0
    ip address add 169.254.0.1/16 scope link dev veth0
    ip address add 2001:db8::1/64 dev veth0`);
  const index = indexOf('veth0');
  const find = (address: string): ReturnType<typeof listAddresses>[number] | undefined =>
    listAddresses().find((entry) => entry.interfaceIndex === index && entry.address === address);
  const plain = { interfaceIndex: index, tentative: false, dadFailed: false, deprecated: false };

  assert.deepEqual(find('192.0.2.1'), {
    ...plain,
    address: '192.0.2.1',
    prefixLength: 24,
    scope: 'global',
    linkLocal: false,
  });
  assert.equal(find('169.254.0.1')?.scope, 'link');
  assert.equal(find('169.254.0.1')?.linkLocal, true);
  assert.equal(find('2001:db8::1')?.tentative, true);
  await until('2001:db8::1 is no longer tentative', () => find('2001:db8::1')?.tentative === false);
  shell('ip address change 2001:db8::1/64 dev veth0 preferred_lft 0');
  assert.equal(find('2001:db8::1')?.deprecated, true);

  shell('ip address add 2001:db8::2/64 dev veth0 nodad; ip address add 2001:db8::2/64 dev veth1');
  const other = (): boolean =>
    listAddresses().some((entry) => entry.interfaceIndex === indexOf('veth1') && entry.dadFailed);
  await until('the duplicate on veth1 is found', other);
  shell('ip link delete veth0');
});

test('a list longer than any buffer of ours', () => {
  const batch = Array.from(
    { length: 3000 },
    (_, n) => `address add 10.${n >> 8}.${n & 255}.1/24 dev lo`,
  );
  shell(`ip -batch - <<END\n${batch.join('\n')}\nEND`);
  const listed = listAddresses().filter(({ address }) => address.startsWith('10.'));
  assert.equal(new Set(listed.map(({ address }) => address)).size, 3000);
  shell('ip address flush dev lo');
});

test('no descriptor is left behind', () => {
  const before = openDescriptors();
  for (let round = 0; round < 500; round += 1) {
    listInterfaces();
    listAddresses();
  }
  assert.equal(openDescriptors(), before);
});

test('gateways of default routes, those of several paths too', () => {
  shell(`ip link add veth0 type veth peer name veth1
    ip link set veth0 up; ip link set veth1 up
    ip address add 192.0.2.1/24 dev veth0
    ip address add 2001:db8::1/64 dev veth0 nodad
    ip route add 198.51.100.0/24 via 192.0.2.9`);
  assert.deepEqual(listDefaultGateways(), []);
  shell(`ip route add default nexthop via 192.0.2.254 nexthop via 192.0.2.253
    ip -6 route add default via fe80::1 dev veth0
    ip route add default via 192.0.2.254 metric 100
    ip route add blackhole default metric 200`);
  assert.deepEqual(listDefaultGateways().sort(), ['192.0.2.253', '192.0.2.254', 'fe80::1']);
  shell('ip link delete veth0; ip route flush type blackhole');
});
