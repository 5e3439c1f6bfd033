import assert from 'node:assert/strict';
import { before, beforeEach, test } from 'node:test';
import { parseAddress, type IpAddress } from '@fairlead/ip';
import { monotonicNs } from '../clock.ts';
import { listAddresses } from '../netlink/list.ts';
import { indexOf, openDescriptors, shell, until } from '../test-namespace.ts';
import { Poller } from './poller.ts';
import type { SendFailure } from './send-failure.ts';
import { UdpSocket, type Datagram } from './udp-socket.ts';

const hello = Buffer.from('hello');

function ip(text: string): IpAddress {
  const address = parseAddress(text);
  assert.ok(address, text);
  return address;
}

function receiveSoon(socket: UdpSocket): Datagram {
  const poller = new Poller();
  poller.add(socket.fd);
  assert.deepEqual(poller.wait(2000), [socket.fd], 'a datagram arrives');
  const datagram = socket.receive();
  assert.ok(datagram);
  return datagram;
}

before(async () => {
  shell(`ip link set lo up
    ip link add veth0 type veth peer name veth1
    ip link set veth0 up; ip link set veth1 up
    ip address add 192.0.2.1/24 dev veth0`);
  const ready = (): boolean =>
    listAddresses().filter((a) => a.linkLocal && !a.tentative).length === 2;
  await until('both ends have a link-local address', ready);
});

beforeEach(() => shell('nft flush ruleset'));

test('a datagram, with where it came from and when', () => {
  using socket = new UdpSocket({
    family: 4,
    port: 7476,
    address: ip('127.0.0.1'),
    timestamps: true,
  });
  assert.deepEqual(socket.local, { address: '127.0.0.1', port: 7476, scope: 0 });
  assert.equal(socket.receive(), undefined);
  const before = monotonicNs();
  assert.equal(socket.sendTo(hello, ip('127.0.0.1'), 7476), undefined);
  const { bytes, address, port, kernelTimeNs = 0n } = receiveSoon(socket);
  assert.deepEqual([Buffer.from(bytes).toString(), address, port], ['hello', '127.0.0.1', 7476]);
  // The two clocks are not read in one instant.
  assert.ok(kernelTimeNs > before - 1_000_000n && kernelTimeNs < monotonicNs() + 1_000_000n);
});

test('an empty and a large datagram', () => {
  using socket = new UdpSocket({ family: 4, port: 0, address: ip('127.0.0.1') });
  const { address, port } = socket.local;
  socket.sendTo(new Uint8Array(0), address, port);
  assert.equal(receiveSoon(socket).bytes.length, 0);
  const large = Uint8Array.from({ length: 60_000 }, (_, index) => index);
  socket.sendTo(large, address, port);
  assert.deepEqual(receiveSoon(socket).bytes, large);
});

test('IPv6 between two link-local addresses: the scope is the interface', () => {
  using a = new UdpSocket({ family: 6, port: 7476, interfaceName: 'veth0' });
  using b = new UdpSocket({ family: 6, port: 7476, interfaceName: 'veth1' });
  const linkLocal = (name: string): IpAddress => {
    const found = listAddresses().find(
      (entry) => entry.linkLocal && entry.interfaceIndex === indexOf(name),
    );
    assert.ok(found);
    return found.address;
  };
  assert.equal(a.sendTo(hello, linkLocal('veth1'), 7476, indexOf('veth0')), undefined);
  const datagram = receiveSoon(b);
  assert.equal(datagram.address, linkLocal('veth0'));
  assert.equal(datagram.scope, indexOf('veth1'));
  assert.equal(b.sendTo(hello, datagram.address, datagram.port, datagram.scope), undefined);
  assert.equal(receiveSoon(a).address, linkLocal('veth1'));
  assert.equal(a.receive(), undefined);
});

test('one port on two interfaces and two families at once', () => {
  using _ = new UdpSocket({ family: 4, port: 7476, interfaceName: 'veth0' });
  using __ = new UdpSocket({ family: 4, port: 7476, interfaceName: 'veth1' });
  using ___ = new UdpSocket({ family: 6, port: 7476, interfaceName: 'veth0' });
  assert.throws(() => new UdpSocket({ family: 4, port: 7476, interfaceName: 'veth1' }), {
    errno: 'EADDRINUSE',
  });
});

test('whatever is wrong with an interface or address is an error that names it', () => {
  assert.throws(() => new UdpSocket({ family: 4, port: 1, interfaceName: 'nothing0' }), {
    errno: 'ENODEV',
    message: /UDP 0\.0\.0\.0 port 1 on nothing0/,
  });
  assert.throws(() => new UdpSocket({ family: 4, port: 1, address: ip('198.51.100.1') }), {
    errno: 'EADDRNOTAVAIL',
  });
});

test('what the network does to a datagram is a result, not an exception', () => {
  using socket = new UdpSocket({ family: 4, port: 0 });
  using bound = new UdpSocket({ family: 4, port: 0, interfaceName: 'veth0' });
  const failure = (result: SendFailure | undefined): string => `${result?.kind} ${result?.errno}`;
  assert.equal(failure(socket.sendTo(hello, ip('198.51.100.1'), 9)), 'unreachable ENETUNREACH');
  assert.equal(
    failure(socket.sendTo(new Uint8Array(65_536), ip('192.0.2.2'), 9)),
    'too-big EMSGSIZE',
  );
  shell(
    "nft 'table inet t { chain c { type filter hook output priority 0; udp dport 9 drop; }; }'",
  );
  assert.equal(failure(socket.sendTo(hello, ip('192.0.2.2'), 9)), 'forbidden EPERM');
  shell('nft flush ruleset; ip link add gone0 type veth peer name gone1; ip link set gone0 up');
  using gone = new UdpSocket({ family: 4, port: 0, interfaceName: 'gone0' });
  shell('ip link delete gone0');
  assert.equal(failure(gone.sendTo(hello, ip('192.0.2.2'), 9)), 'interface-down ENODEV');
  assert.equal(bound.receive(), undefined);
});

test('nobody listens: neither sending nor receiving fails, now or later', () => {
  using socket = new UdpSocket({ family: 4, port: 0, address: ip('127.0.0.1') });
  for (let round = 0; round < 3; round += 1) {
    assert.equal(socket.sendTo(hello, ip('127.0.0.1'), 9), undefined);
    assert.equal(socket.receive(), undefined);
  }
});

test('hop limit and traffic class are on the wire', () => {
  using receiver = new UdpSocket({ family: 4, port: 7000, address: ip('127.0.0.1') });
  using sender = new UdpSocket({ family: 4, port: 0, hopLimit: 255, trafficClass: 0xc0 });
  shell(
    "nft 'table ip t { chain c { type filter hook input priority 0; ip ttl 255 ip dscp cs6 counter; }; }'",
  );
  sender.sendTo(hello, ip('127.0.0.1'), 7000);
  receiveSoon(receiver);
  assert.match(shell('nft list table ip t'), /packets 1 /);
});

test('no descriptor is left behind, and a closed socket is not used', () => {
  const before = openDescriptors();
  for (let round = 0; round < 1000; round += 1) {
    new UdpSocket({ family: 6, port: 7476, interfaceName: 'veth0' })[Symbol.dispose]();
    assert.throws(() => new UdpSocket({ family: 4, port: 1, interfaceName: 'nothing0' }));
  }
  assert.equal(openDescriptors(), before);
  const socket = new UdpSocket({ family: 4, port: 0 });
  socket[Symbol.dispose]();
  assert.throws(() => socket.sendTo(hello, ip('127.0.0.1'), 1), /UDP 0\.0\.0\.0 port 0 is closed/);
  assert.throws(() => socket.receive(), /is closed/);
  assert.throws(() => socket.fd, /is closed/);
});
