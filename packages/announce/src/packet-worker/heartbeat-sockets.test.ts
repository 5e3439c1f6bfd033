import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemError, type UdpSocketOptions } from '@fairlead/linux';
import { openHeartbeatSockets } from './heartbeat-sockets.ts';

const EADDRINUSE = 98;
const EAFNOSUPPORT = 97;

/** A kernel that refuses IPv6 sockets for this reason. */
function setUp(reason: number | undefined) {
  const open = new Set<number>();
  const sockets = () =>
    openHeartbeatSockets('eth0', ({ family }: UdpSocketOptions) => {
      if (family === 6 && reason !== undefined) throw new SystemError(reason, 'socket');
      open.add(family);
      return { [Symbol.dispose]: () => void open.delete(family) };
    });
  return { sockets, open };
}

test('heartbeats go by both families', () => {
  assert.deepEqual([...setUp(undefined).sockets().keys()], [4, 6]);
});

test('a kernel without IPv6 has heartbeats by IPv4', () => {
  const { sockets, open } = setUp(EAFNOSUPPORT);
  assert.deepEqual([...sockets().keys()], [4]);
  assert.deepEqual([...open], [4]);
});

test('where a port is taken nothing stays open', () => {
  const { sockets, open } = setUp(EADDRINUSE);
  assert.throws(sockets, { errno: 'EADDRINUSE' });
  assert.deepEqual([...open], []);
});
