import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { monotonicNs } from '../clock.ts';
import { EventFd } from './event-fd.ts';
import { Poller } from './poller.ts';

test('a poller waits for whichever descriptor is signalled', () => {
  using first = new EventFd();
  using second = new EventFd();
  const poller = new Poller();
  poller.add(first.fd);
  poller.add(second.fd);
  poller.add(second.fd);
  assert.deepEqual(poller.wait(0), []);

  second.signal();
  second.signal();
  assert.deepEqual(poller.wait(1000), [second.fd]);
  first.signal();
  assert.deepEqual(poller.wait(1000), [first.fd, second.fd]);

  assert.equal(second.clear(), true);
  assert.equal(second.clear(), false);
  assert.deepEqual(poller.wait(1000), [first.fd]);
  poller.remove(first.fd);
  assert.deepEqual(poller.wait(0), []);
});

test('the timeout is kept to a fraction of a millisecond, and never cut short', () => {
  const poller = new Poller();
  const before = monotonicNs();
  assert.deepEqual(poller.wait(2.5), []);
  assert.ok(monotonicNs() - before >= 2_500_000n);
});

test('what is closed is not polled, and not used', () => {
  const event = new EventFd();
  const poller = new Poller();
  poller.add(event.fd);
  event[Symbol.dispose]();
  event[Symbol.dispose]();
  assert.throws(() => poller.wait(0), /was closed while it was polled/);
  assert.throws(() => event.signal(), /event descriptor is closed/);
  assert.throws(() => event.fd, /event descriptor is closed/);
});

test('no descriptor is left behind', () => {
  const before = readdirSync('/proc/self/fd').length;
  for (let round = 0; round < 1000; round += 1) {
    new EventFd()[Symbol.dispose]();
  }
  assert.equal(readdirSync('/proc/self/fd').length, before);
  assert.ok(!process.listeners('exit').some(({ name }) => name === 'signalAll'));
});
