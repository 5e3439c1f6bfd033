import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { Nftables } from '../nftables.ts';
import { openDescriptors, shell, until } from '../test-namespace.ts';
import { KernelWatch, type KernelSubject } from './kernel-watch.ts';

const reports: KernelSubject[] = [];

beforeEach(() => {
  reports.length = 0;
});

/** Long enough for a report that is not to come: several times the pause between reports. */
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

test('each kind of change is reported as what it is', async () => {
  using _ = new KernelWatch({ links: true, addresses: true, nftables: true }, (what) =>
    reports.push(what),
  );
  shell('ip link add veth0 type veth peer name veth1');
  await until('links', () => reports.includes('links'));
  await quiet();
  assert.ok(!reports.includes('addresses'));
  shell('ip address add 192.0.2.1/24 dev veth0');
  await until('addresses', () => reports.includes('addresses'));
  assert.ok(!reports.includes('nftables'));
  shell('nft add table inet foreign');
  await until('nftables', () => reports.includes('nftables'));
  shell('nft flush ruleset; ip link delete veth0');
});

test('what is not watched is not reported', async () => {
  using _ = new KernelWatch({ addresses: true }, (what) => reports.push(what));
  shell('ip link add veth0 type veth peer name veth1; nft add table inet foreign');
  await quiet();
  assert.deepEqual(reports, []);
  shell('ip link delete veth0; nft delete table inet foreign');
});

test("our own transactions are not reported, another's right after is", async () => {
  using _ = new KernelWatch({ nftables: true }, (what) => reports.push(what));
  using nftables = new Nftables();
  nftables.run('add table inet ours');
  await quiet();
  assert.deepEqual(reports, []);
  shell('nft flush ruleset');
  await until('nftables', () => reports.length === 1);
});

test('a burst is a few reports, and the last change is never missed', async () => {
  let seen = '';
  using _ = new KernelWatch({ links: true }, (what) => {
    reports.push(what);
    seen = shell('ip -o link show | wc -l').trim();
  });
  shell(
    'for n in $(seq 100); do echo "link add burst$n type veth peer name tsrub$n"; done | ip -batch -',
  );
  await until('all interfaces were seen', () => seen === '201');
  await quiet();
  assert.ok(reports.length < 30, `${reports.length} reports`);
  shell('for n in $(seq 100); do echo "link delete burst$n"; done | ip -batch -');
  await until('none was seen', () => seen === '1');
});

test('where events were lost, everything that is watched is reported', async () => {
  using _ = new KernelWatch({ links: true, addresses: true, nftables: true }, (what) =>
    reports.push(what),
  );
  // More than the socket's buffer holds, while this thread waits for the command.
  const batch = Array.from({ length: 4000 }, (_, n) => `link set veth0 mtu ${1400 + (n % 2)}`);
  shell(`ip link add veth0 type veth peer name veth1\nip -batch - <<END\n${batch.join('\n')}\nEND`);
  await until('all subjects', () => new Set(reports).size === 3);
  shell('ip link delete veth0');
});

test('after it is closed nothing is reported, and no descriptor is left', async () => {
  const before = openDescriptors();
  const watch = new KernelWatch({ links: true, nftables: true }, (what) => reports.push(what));
  shell('ip link add veth0 type veth peer name veth1');
  watch[Symbol.dispose]();
  watch[Symbol.dispose]();
  await quiet();
  assert.deepEqual(reports, []);
  for (let round = 0; round < 200; round += 1) {
    new KernelWatch({ links: true, addresses: true, nftables: true }, () => {})[Symbol.dispose]();
  }
  await until('all are closed', () => openDescriptors() <= before);
});

test('a watch that closes itself while it reports', async () => {
  const watch = new KernelWatch({ links: true, addresses: true }, (what) => {
    reports.push(what);
    watch[Symbol.dispose]();
  });
  shell('ip link add veth2 type veth peer name veth3; ip address add 192.0.2.1/24 dev veth2');
  await until('one report', () => reports.length > 0);
  await quiet();
  assert.equal(reports.length, 1);
});
