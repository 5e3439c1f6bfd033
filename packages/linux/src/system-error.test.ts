import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { errno, libc } from './ffi.ts';
import { sendFailure } from './sockets/send-failure.ts';
import { Errno, SystemError } from './system-error.ts';

test('an error says what was tried, on what, and why not', () => {
  const error = new SystemError(Errno.ENODEV, 'bind', 'packet socket on interface 7');
  assert.equal(error.message, 'bind packet socket on interface 7: no such device (ENODEV)');
  assert.equal(error.errno, 'ENODEV');
  assert.equal(error.syscall, 'bind');
});

test('what the runtime does after a call does not change why it failed', () => {
  assert.equal(libc.close(-1), -1);
  assert.ok(!existsSync('/nowhere'));
  assert.equal(new SystemError(errno(), 'close').errno, 'EBADF');
});

test('the numbers have the names that we give them', () => {
  for (const [name, number] of Object.entries(Errno)) {
    assert.equal(new SystemError(number, 'test').errno, name);
  }
});

test('a number without a name is still shown', () => {
  assert.equal(new SystemError(530, 'test').message, 'test: error 530 (E530)');
});

test('what a network does to a datagram has a kind', () => {
  assert.deepEqual(sendFailure(Errno.EHOSTUNREACH), { kind: 'unreachable', errno: 'EHOSTUNREACH' });
  assert.deepEqual(sendFailure(Errno.EPERM), { kind: 'forbidden', errno: 'EPERM' });
  assert.deepEqual(sendFailure(Errno.ENOBUFS), { kind: 'no-buffers', errno: 'ENOBUFS' });
  assert.deepEqual(sendFailure(Errno.ECONNREFUSED), { kind: 'refused', errno: 'ECONNREFUSED' });
  assert.deepEqual(sendFailure(Errno.EINVAL), { kind: 'other', errno: 'EINVAL' });
});
