import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingCapabilities, missingToolsMessage } from './requirements.ts';

const status = (effective: string): string =>
  `Name:\tnode\nUid:\t0\t0\t0\t0\nCapPrm:\t000001ffffffffff\nCapEff:\t${effective}\nSeccomp:\t0\n`;

test('root of the machine lacks nothing', () => {
  assert.deepEqual(missingCapabilities(status('000001ffffffffff')), []);
});

test('a person lacks all, root of a container some', () => {
  const all = ['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_SYS_ADMIN'];
  assert.deepEqual(missingCapabilities(status('0000000000000000')), all);
  // What Docker gives by default: raw sockets, but neither interfaces nor namespaces.
  const docker = ['CAP_NET_ADMIN', 'CAP_SYS_ADMIN'];
  assert.deepEqual(missingCapabilities(status('00000000a80425fb')), docker);
});

test('a status without capabilities is not taken for one with all', () => {
  assert.throws(() => missingCapabilities('Name:\tnode\n'), /no CapEff/);
});

test('missing programs are named with the command that brings them', () => {
  assert.equal(
    missingToolsMessage(['bridge', 'ip', 'nft']),
    'the lab needs bridge, ip, nft: apt-get install iproute2 nftables',
  );
});
