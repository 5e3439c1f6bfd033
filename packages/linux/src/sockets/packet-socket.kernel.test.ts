import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { indexOf, openDescriptors, shell } from '../test-namespace.ts';
import { PacketSocket } from './packet-socket.ts';
import { Poller } from './poller.ts';

const arp = 0x0806;
const ipv6 = 0x86dd;

before(() =>
  shell(`sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
    ip link add veth0 address 02:00:00:00:00:01 type veth peer name veth1 address 02:00:00:00:00:02
    ip link set veth0 arp off up; ip link set veth1 arp off up`),
);

/** An Ethernet frame: destination, source, type, and filling up to 60 bytes. */
function frame(destination: string, etherType: number, payload = ''): Uint8Array {
  const bytes = new Uint8Array(60);
  bytes.set(
    Uint8Array.fromHex(
      `${destination}020000000001${etherType.toString(16).padStart(4, '0')}${payload}`,
    ),
  );
  return bytes;
}

function receiveAll(socket: PacketSocket): ReturnType<PacketSocket['receive']>[] {
  const found: ReturnType<PacketSocket['receive']>[] = [];
  for (let next = socket.receive(); next !== undefined; next = socket.receive()) {
    found.push(next);
  }
  return found;
}

test('frames of one type of one interface that are addressed to it, or all of them', () => {
  using sender = new PacketSocket({ interfaceIndex: indexOf('veth0'), etherType: 0 });
  using receiver = new PacketSocket({
    interfaceIndex: indexOf('veth1'),
    etherType: arp,
    timestamps: true,
  });
  using sniffer = new PacketSocket({
    interfaceIndex: indexOf('veth1'),
    etherType: arp,
    filter: 'all',
  });
  const poller = new Poller();
  poller.add(receiver.fd);
  assert.equal(receiver.receive(), undefined);
  const broadcast = frame('ffffffffffff', arp);
  assert.equal(sender.send(broadcast), undefined);
  sender.send(frame('020000000002', arp));
  sender.send(frame('020000000009', arp));
  sender.send(frame('020000000002', 0x0800));
  assert.deepEqual(poller.wait(2000), [receiver.fd]);
  const frames = receiveAll(receiver);
  assert.deepEqual(
    frames.map((received) => received?.packetType),
    ['broadcast', 'host'],
  );
  assert.deepEqual(
    receiveAll(sniffer).map((received) => received?.packetType),
    ['broadcast', 'host', 'other-host'],
  );
  assert.deepEqual(frames[0]?.frame, broadcast);
  assert.equal(typeof frames[0]?.kernelTimeNs, 'bigint');
  assert.equal(sender.receive(), undefined, 'what we send is not what we receive');
});

test('frames of a VLAN that is not ours are dropped, a priority tag is not a VLAN', () => {
  using sender = new PacketSocket({ interfaceIndex: indexOf('veth0'), etherType: 0 });
  using receiver = new PacketSocket({ interfaceIndex: indexOf('veth1'), etherType: arp });
  sender.send(frame('ffffffffffff', 0x8100, '000a0806'));
  assert.deepEqual(receiveAll(receiver), []);
  sender.send(frame('ffffffffffff', 0x8100, 'e0000806'));
  assert.equal(receiveAll(receiver).length, 1);
});

test('of IPv6 only neighbour discovery, where that is asked for', () => {
  using sender = new PacketSocket({ interfaceIndex: indexOf('veth0'), etherType: 0 });
  using all = new PacketSocket({ interfaceIndex: indexOf('veth1'), etherType: ipv6 });
  const filter = 'neighbour-discovery';
  using only = new PacketSocket({ interfaceIndex: indexOf('veth1'), etherType: ipv6, filter });
  const packet = (nextHeader: string, icmpType: string): Uint8Array =>
    frame('333300000001', ipv6, `600000000004${nextHeader}ff${'00'.repeat(32)}${icmpType}000000`);
  for (const [nextHeader, icmpType] of [
    ['3a', '80'],
    ['3a', '86'],
    ['3a', '89'],
    ['11', '87'],
    ['06', '88'],
  ] as const) {
    sender.send(packet(nextHeader, icmpType));
  }
  sender.send(packet('3a', '87'));
  sender.send(packet('3a', '88'));
  sender.send(
    frame(
      '333300000001',
      0x8100,
      `000a86dd${Buffer.from(packet('3a', '87').subarray(14, 56)).toString('hex')}`,
    ),
  );
  assert.equal(receiveAll(all).length, 7);
  assert.deepEqual(
    receiveAll(only).map((received) => received?.frame[14 + 40]),
    [0x87, 0x88],
  );
});

test('an interface that goes down or away is a result, and one report', () => {
  shell('ip link add gone0 type veth peer name gone1; ip link set gone0 up; ip link set gone1 up');
  const errors: string[] = [];
  const interfaceIndex = indexOf('gone0');
  const onReceiveError = (error: { readonly errno: string }): number => errors.push(error.errno);
  using socket = new PacketSocket({ interfaceIndex, etherType: arp, onReceiveError });
  using silent = new PacketSocket({ interfaceIndex, etherType: arp });
  const poller = new Poller();
  poller.add(socket.fd);
  shell('ip link set gone0 down');
  assert.deepEqual(socket.send(frame('ffffffffffff', arp)), {
    kind: 'interface-down',
    errno: 'ENETDOWN',
  });
  assert.deepEqual(poller.wait(0), [socket.fd]);
  assert.equal(socket.receive(), undefined);
  assert.deepEqual(errors, ['ENETDOWN']);
  assert.deepEqual(poller.wait(0), [], 'an error that was collected does not make a loop spin');
  shell('ip link set gone0 up');
  assert.equal(socket.send(frame('ffffffffffff', arp)), undefined);
  shell('ip link delete gone0');
  assert.equal(socket.send(frame('ffffffffffff', arp))?.kind, 'interface-down');
  assert.equal(socket.receive(), undefined);
  assert.equal(silent.receive(), undefined);
  assert.deepEqual(poller.wait(0), []);
});

test("a bridge's port gets no frames of a type, the bridge does", () => {
  shell(`ip link add br0 type bridge; ip link set br0 up
    ip link add port0 type veth peer name port1; ip link set port0 master br0 up; ip link set port1 up
    until ip -details link show port0 | grep -q 'state forwarding'; do sleep 0.01; done`);
  using sender = new PacketSocket({ interfaceIndex: indexOf('port1'), etherType: 0 });
  using port = new PacketSocket({ interfaceIndex: indexOf('port0'), etherType: arp });
  using bridge = new PacketSocket({ interfaceIndex: indexOf('br0'), etherType: arp });
  const poller = new Poller();
  poller.add(bridge.fd);
  sender.send(frame('ffffffffffff', arp));
  assert.deepEqual(poller.wait(5000), [bridge.fd]);
  assert.equal(receiveAll(bridge).length, 1);
  assert.equal(receiveAll(port).length, 0);
});

test('an interface that is not there is an error that names it', () => {
  assert.throws(() => new PacketSocket({ interfaceIndex: 9999, etherType: arp }), {
    errno: 'ENODEV',
    message: /packet socket on interface 9999 for 0x806/,
  });
});

test('no descriptor is left behind, and a closed socket is not used', () => {
  const before = openDescriptors();
  for (let round = 0; round < 30; round += 1) {
    new PacketSocket({ interfaceIndex: indexOf('veth0'), etherType: arp })[Symbol.dispose]();
    assert.throws(() => new PacketSocket({ interfaceIndex: 9999, etherType: arp }));
  }
  assert.equal(openDescriptors(), before);
  const socket = new PacketSocket({ interfaceIndex: indexOf('veth0'), etherType: 0 });
  socket[Symbol.dispose]();
  assert.throws(() => socket.send(frame('ffffffffffff', arp)), /is closed/);
});
