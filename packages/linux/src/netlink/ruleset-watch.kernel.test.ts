import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { Nftables } from '../nftables.ts';
import { shell, until } from '../test-namespace.ts';
import type { RulesetChange } from './ruleset-watch.ts';

let reports = 0;
const changes: RulesetChange[] = [];
let nftables: Nftables;

beforeEach(() => {
  shell('nft flush ruleset');
  nftables = new Nftables();
  reports = 0;
  changes.length = 0;
});

afterEach(() => nftables[Symbol.dispose]());

/** A watch that is concerned by one table, and keeps what it is told. */
function watchTable(table: string) {
  return nftables.watch(
    (change) => {
      changes.push(change);
      return change.table === table;
    },
    () => {
      reports += 1;
    },
  );
}

/** Long enough for a report that is not to come: several times the pause between reports. */
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

/** After the first transaction that it saw. */
function settled(table: string) {
  const watch = watchTable(table);
  shell('nft add table inet first');
  watch.mayDiffer(0, nftables.generation());
  changes.length = 0;
  return watch;
}

test('what transactions do, and where', () => {
  using watch = settled('none');
  const before = nftables.generation();
  shell(`nft '
    table inet ours {
      map m { type ipv4_addr : verdict; }
      chain c { accept; }
    }
    table ip filter {
      chain FORWARD { type filter hook forward priority 0; policy drop; }
    }
    add element inet ours m { 192.0.2.1 : goto c }
    table ip6 third { }
    add counter ip6 third x'`);
  shell(
    'nft add rule ip filter FORWARD accept; nft flush chain inet ours c; nft delete table ip filter',
  );
  assert.equal(watch.mayDiffer(before, nftables.generation()), false, 'none concerns');
  const texts = changes.map(({ table, chain = '-', hooked }) => {
    return `${table} ${chain}${hooked ? ' hooked' : ''}`;
  });
  assert.deepEqual(
    new Set(texts),
    new Set([
      'inet ours -',
      'inet ours c',
      'ip filter -',
      'ip filter FORWARD hooked',
      'ip filter FORWARD',
      'ip6 third -',
    ]),
  );
});

test('between two generations our table may differ only if somebody wrote to it', () => {
  using watch = settled('inet ours');
  const first = nftables.generation();
  assert.equal(watch.mayDiffer(first, first), false);
  for (let round = 0; round < 5; round += 1) {
    shell('nft add table ip ours; nft add chain ip ours c; nft delete table ip ours');
    assert.equal(watch.mayDiffer(first, nftables.generation()), false);
  }
  nftables.run('add table inet ours');
  const ours = nftables.generation();
  assert.equal(watch.mayDiffer(first, ours), true);
  assert.equal(watch.mayDiffer(ours, ours), false);
  shell('nft add table ip bystander');
  const later = nftables.generation();
  assert.equal(watch.mayDiffer(ours, later), false);
  assert.equal(watch.mayDiffer(first, later), true);
  shell('nft flush ruleset');
  assert.equal(watch.mayDiffer(later, nftables.generation()), true);
});

test('what was before the watch, or is not told yet, may be anything', () => {
  const before = nftables.generation();
  nftables.run('add table ip bystander');
  using watch = watchTable('inet ours');
  assert.equal(watch.mayDiffer(before, nftables.generation()), true);
  nftables.run('add table ip another');
  const now = nftables.generation();
  assert.equal(watch.mayDiffer(before, now), true);
  assert.equal(watch.mayDiffer(now, now + 1), true, 'one that nobody has made');
});

test('where events were lost it may differ, and once more they are told it does not', async () => {
  using watch = settled('inet ours');
  const before = nftables.generation();
  // More than the socket's buffer holds, while this thread waits for the command.
  const chains = Array.from({ length: 5000 }, (_, n) => `add chain ip bystander c${n}`);
  const rules = Array.from({ length: 5000 }, (_, n) => `add rule ip bystander c${n} accept`);
  const lines = ['add table ip bystander', ...chains, ...rules].join('\n');
  shell(`nft -f - <<END\n${lines}\nEND\nnft -f - <<END\n${rules.join('\n')}\nEND`);
  assert.equal(watch.mayDiffer(before, nftables.generation()), true);
  await until('a report', () => reports === 1);
  shell('nft add table ip another');
  const later = nftables.generation();
  watch.mayDiffer(before, later);
  shell('nft delete table ip another');
  assert.equal(watch.mayDiffer(later, nftables.generation()), false);
});

test('others who write to our table are reported, we are not, nor who writes elsewhere', async () => {
  using _ = settled('inet ours');
  nftables.run('add table inet ours');
  shell('nft add table ip bystander');
  await quiet();
  assert.equal(reports, 0);
  shell('nft add chain inet ours stranger');
  await until('a report', () => reports === 1);
  shell('for n in $(seq 50); do nft add rule inet ours stranger accept; done');
  await until('another', () => reports >= 2);
  await quiet();
  assert.ok(reports < 30, `${reports} reports`);
});
