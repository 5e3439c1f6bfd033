import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sysctl } from './sysctl.ts';

test('a parameter by its name with dots or slashes', () => {
  assert.equal(sysctl('kernel.ostype'), 'Linux');
  assert.equal(sysctl('kernel/ostype'), 'Linux');
});

test('a parameter that this kernel does not have', () => {
  assert.equal(sysctl('net/ipv4/conf/eth0.4094/rp_filter'), undefined);
});

test('nothing outside of /proc/sys is read', () => {
  assert.throws(() => sysctl('../self/environ'), RangeError);
});
