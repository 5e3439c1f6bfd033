import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpAddress, MacAddress } from '@fairlead/ip';
import type { PeerState } from '@fairlead/membership';
import { SilentPeers } from './silent-peers.ts';

const address = '192.0.2.12' as IpAddress;
const mac = '02:00:00:00:00:0b' as MacAddress;
const live: PeerState = { node: 'b', live: true, macs: [mac], address };
const silent: PeerState = { ...live, live: false };

function setUp() {
  const done: string[] = [];
  const peers = new SilentPeers({
    ask: (asked, at) => done.push(`ask ${asked} ${at}`),
    watch: (watched, on) => done.push(`${on ? 'watch' : 'forget'} ${watched}`),
  });
  return { done, peers };
}

test('a live peer is there and nobody is asked', () => {
  const { done, peers } = setUp();
  peers.update([live], 0);
  peers.tick(0);
  assert.ok(peers.isThere(live, 0));
  assert.deepEqual([done, peers.deadline], [[], Infinity]);
});

test('a peer whose agent died is there as long as its kernel answers', () => {
  const { done, peers } = setUp();
  peers.update([live], 0);
  peers.suspect(mac);
  assert.deepEqual(done, ['watch 192.0.2.12', 'ask 192.0.2.12 02:00:00:00:00:0b']);
  assert.ok(peers.answered(address, mac, 10));
  peers.update([silent], 50);
  assert.ok(peers.isThere(silent, 50));
  assert.ok(peers.isThere(silent, 309));
  assert.equal(peers.isThere(silent, 310), false);
});

test('a dead peer is not there from the moment that it counts as silent', () => {
  const { peers } = setUp();
  peers.update([live], 0);
  peers.suspect(mac);
  peers.update([silent], 50);
  assert.equal(peers.isThere(silent, 50), false);
});

test('a silent peer is asked ten times a second until it is heard again', () => {
  const { done, peers } = setUp();
  peers.update([silent], 0);
  for (let now = 0; now < 1000; now += 10) peers.tick(now);
  assert.equal(done.filter((each) => each.startsWith('ask')).length, 10);
  peers.update([live], 1000);
  assert.deepEqual([done.at(-1), peers.deadline], ['forget 192.0.2.12', Infinity]);
});

test('another host that claims the address of a silent peer proves nothing', () => {
  const { peers } = setUp();
  peers.update([silent], 0);
  assert.ok(peers.answered(address, '02:00:00:00:00:99' as MacAddress, 1));
  assert.equal(peers.isThere(silent, 1), false);
});
