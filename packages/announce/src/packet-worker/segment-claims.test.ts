import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { IpAddress, MacAddress } from '@fairlead/ip';
import { bucketCount, bucketOf } from '@fairlead/membership';
import { SegmentClaims } from './segment-claims.ts';

const address = '192.0.2.100' as IpAddress;
const plan = { address, announcement: 0, services: [] };
const nothing = new Set<IpAddress>();
const stranger = '02:00:00:00:00:99' as MacAddress;

function setUp() {
  const done: string[] = [];
  const world = { now: 0, hasRoom: true, peers: new Set<MacAddress>(), askedWhetherMuted: 0 };
  const claims = new SegmentClaims({
    act: (acted, action) => done.push(`${action} ${acted}`),
    watch: () => world.hasRoom,
    forget: (forgotten) => done.push(`forget ${forgotten}`),
    isMuted: () => {
      world.askedWhetherMuted += 1;
      return false;
    },
    isPeer: (mac) => world.peers.has(mac),
    onConflict: (contested, mac) => done.push(`conflict ${contested} ${mac}`),
    now: () => world.now,
  });
  const hold = (held: boolean, reason: 'first' | 'takeover' | 'handover' = 'takeover') => {
    const bucket = bucketOf(address);
    claims.hold(0, held ? { bucket, held, reason } : { bucket, held });
  };
  claims.prepare(nothing);
  return { claims, done, hold, world };
}

test('an address is answered for once its bucket is held and it is prepared, in either order', () => {
  const first = setUp();
  first.claims.change([], [plan]);
  first.hold(true);
  first.claims.tick();
  assert.deepEqual(first.done, [`answer ${address}`, `announce ${address}`]);
  const second = setUp();
  second.claims.prepare(new Set([address]));
  second.claims.change([], [plan]);
  second.hold(true);
  assert.deepEqual(second.done, []);
  second.claims.prepare(nothing);
  second.claims.tick();
  assert.deepEqual(second.done, [`answer ${address}`, `announce ${address}`]);
});

test('an address that comes after its bucket was taken is probed for, as nobody of ours had it', () => {
  const { claims, done, hold } = setUp();
  hold(true);
  claims.change([], [plan]);
  claims.tick();
  assert.deepEqual(done, [`answer ${address}`, `probe ${address}`]);
});

test('an address that the kernel has no room for is not answered for until there is room', () => {
  const { claims, done, hold, world } = setUp();
  world.hasRoom = false;
  claims.change([], [plan]);
  hold(true);
  claims.tick();
  assert.deepEqual(done, []);
  claims.refuse(new Set());
  claims.tick();
  assert.deepEqual(done.splice(0), [`answer ${address}`, `announce ${address}`]);
  claims.refuse(new Set([address]));
  assert.deepEqual(done, [`silence ${address}`]);
  assert.deepEqual(
    claims.all.map(({ hasRoom }) => hasRoom),
    [false],
  );
});

test('a bucket that is let go is silent before the call returns', () => {
  const { claims, done, hold } = setUp();
  claims.change([], [plan]);
  hold(true);
  hold(false);
  assert.equal(done.at(-1), `silence ${address}`);
  assert.deepEqual(
    [...claims.takeMoves()],
    [
      ['owns addresses: takeover', [address]],
      ['gave addresses up', [address]],
    ],
  );
  assert.deepEqual([...claims.takeMoves()], []);
});

test('buckets move without a question to the kernel: all 1024 may at once', () => {
  const { claims, hold, world } = setUp();
  claims.change([], [plan]);
  hold(true);
  const before = world.askedWhetherMuted;
  for (let bucket = 0; bucket < bucketCount; bucket++) {
    if (bucket !== bucketOf(address)) claims.hold(0, { bucket, held: true, reason: 'takeover' });
  }
  assert.equal(world.askedWhetherMuted, before);
});

test('an address that is no longer planned is forgotten, one of another Announcement begins anew', () => {
  const { claims, done, hold } = setUp();
  claims.change([], [plan]);
  hold(true);
  claims.change([], [{ ...plan, announcement: 7 }]);
  assert.equal(done.at(-1), `forget ${address}`);
  assert.equal(claims.get(address)?.claim.kind, 'idle');
  claims.change([address], []);
  assert.deepEqual(claims.all, []);
});

test('an address that is there goes on when it is put again', () => {
  const { claims, done, hold } = setUp();
  claims.change([], [plan]);
  hold(true);
  const before = done.length;
  claims.change([], [{ ...plan }]);
  assert.equal(done.length, before);
  assert.equal(claims.get(address)?.claim.kind, 'answering');
});

test('a stranger is a conflict until its MAC turns out to be a node of ours', () => {
  const { claims, done, hold, world } = setUp();
  claims.change([], [plan]);
  hold(true);
  claims.foreign(address, stranger);
  assert.deepEqual(done.slice(-2), [`silence ${address}`, `conflict ${address} ${stranger}`]);
  world.peers.add(stranger);
  claims.meetPeers();
  claims.tick();
  assert.deepEqual(done.slice(-2), [`answer ${address}`, `announce ${address}`]);
});

test('an address that another node announced is announced again', () => {
  const { claims, done, hold, world } = setUp();
  claims.change([], [plan]);
  hold(true);
  world.now = 30_000;
  claims.tick();
  const before = done.length;
  claims.contradict(0, bucketOf(address));
  claims.tick();
  assert.deepEqual(done.slice(before), [`announce ${address}`]);
});

test('of thousands only some have their turn before heartbeats do, those not announced yet first', () => {
  const { claims, done, world } = setUp();
  const plans = Array.from({ length: 200 }, (_, at) => {
    return { ...plan, address: `10.0.0.${at}` as IpAddress };
  });
  const [moved, ...others] = plans;
  assert.ok(moved !== undefined);
  const rest: IpAddress[] = [];
  for (const other of others) {
    if (bucketOf(other.address) !== bucketOf(moved.address)) rest.push(other.address);
  }
  claims.change([], plans);
  for (const bucket of new Set(rest.map(bucketOf))) {
    claims.hold(0, { bucket, held: true, reason: 'takeover' });
  }
  const portions = () => {
    const sizes: number[] = [];
    while (claims.deadline <= world.now) {
      const before = done.length;
      claims.tick();
      sizes.push(done.length - before);
    }
    return sizes;
  };
  portions();
  world.now = 50;
  claims.hold(0, { bucket: bucketOf(moved.address), held: true, reason: 'takeover' });
  const before = done.length;
  const sizes = portions();
  assert.ok(done.slice(before, before + 50).includes(`announce ${moved.address}`));
  assert.ok(Math.max(...sizes) <= 50);
  assert.equal(claims.deadline, 100);
});
