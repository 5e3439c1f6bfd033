import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { openDescriptors, shell, until } from '../test-namespace.ts';
import { watchInterfaces } from './watch-interfaces.ts';

let reports = 0;
const count = (): void => {
  reports += 1;
};

beforeEach(() => {
  reports = 0;
});

/** Long enough for a report that is not to come: several times the pause between reports. */
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

test('interfaces and addresses are reported, and nothing else', async () => {
  using _ = watchInterfaces(count);
  for (const command of [
    'ip link add veth0 type veth peer name veth1',
    'ip address add 192.0.2.1/24 dev veth0',
    'ip address add 2001:db8::1/64 dev veth0',
    'ip link set veth0 up',
    'ip address delete 192.0.2.1/24 dev veth0',
    'ip link delete veth0',
  ]) {
    reports = 0;
    shell(command);
    await until(command, () => reports > 0);
    await quiet();
  }
  reports = 0;
  shell('nft add table inet foreign; nft flush ruleset; ip rule add fwmark 7 lookup 7');
  await quiet();
  assert.equal(reports, 0);
});

test('a burst is a few reports, and the last change is never missed', async () => {
  let seen = '';
  using _ = watchInterfaces(() => {
    count();
    seen = shell('ip -o link show | wc -l').trim();
  });
  shell(
    'for n in $(seq 100); do echo "link add burst$n type veth peer name tsrub$n"; done | ip -batch -',
  );
  await until('all interfaces were seen', () => seen === '201');
  await quiet();
  assert.ok(reports < 30, `${reports} reports`);
  shell('for n in $(seq 100); do echo "link delete burst$n"; done | ip -batch -');
  await until('none was seen', () => seen === '1');
});

test('where events were lost, that is a report too', async () => {
  using _ = watchInterfaces(count);
  // More than the socket's buffer holds, while this thread waits for the command.
  const batch = Array.from({ length: 4000 }, (_, n) => `link set veth0 mtu ${1400 + (n % 2)}`);
  shell(`ip link add veth0 type veth peer name veth1\nip -batch - <<END\n${batch.join('\n')}\nEND`);
  await until('a report', () => reports > 0);
  await quiet();
  reports = 0;
  shell('ip link delete veth0');
  await until('another one', () => reports > 0);
});

test('after it is closed nothing is reported, and no descriptor is left', async () => {
  const before = openDescriptors();
  const watch = watchInterfaces(count);
  shell('ip link add veth0 type veth peer name veth1');
  watch[Symbol.dispose]();
  watch[Symbol.dispose]();
  await quiet();
  assert.equal(reports, 0);
  for (let round = 0; round < 200; round += 1) watchInterfaces(() => {})[Symbol.dispose]();
  await until('all are closed', () => openDescriptors() <= before);
});

test('a watch that closes itself while it reports', async () => {
  const watch = watchInterfaces(() => {
    count();
    watch[Symbol.dispose]();
  });
  shell('ip link add veth2 type veth peer name veth3; ip address add 192.0.2.1/24 dev veth2');
  await until('one report', () => reports > 0);
  await quiet();
  assert.equal(reports, 1);
});
