import { monotonicMs, startObserver, ThousandServices, type Sighting } from '@fairlead/lab';
import type { Benchmark } from './benchmark.ts';

const LAST_ANSWER_MS = 500;
const EVEN_WITHIN_PERCENT = 15;
const QUIET_MS = 10_000;
/** Some hundred addresses are asked for: more often would be a load of its own. */
const ASK_EVERY_MS = 25;

export const thousandServices: Benchmark = {
  name: 'thousand',
  summary:
    '1 000 Services over 3 nodes: spread, frames on the wire, how long until all answer again',
  run: async () => {
    // What the observer causes is not recorded: hundreds of addresses are asked for many times a second.
    await using thousand = await ThousandServices.create('thousand', ['answer']);
    const [, cutOff] = thousand.cluster.nodes;
    if (cutOff === undefined) throw new RangeError('the cluster has fewer than two nodes');
    const before = await thousand.settled();
    printSpread(before);
    printWire(await thousand.quiet(QUIET_MS));

    const theirs = [...before].filter(([, owner]) => owner === cutOff.name);
    const addresses = theirs.map(([address]) => address);
    await using observer = await startObserver(thousand.observer, {
      addresses,
      everyMs: ASK_EVERY_MS,
    });
    await observer.next(({ kind }) => kind === 'answer');
    const cutMs = monotonicMs();
    const cut = await cutOff.nic.cut();
    await thousand.settled(thousand.cluster.nodes.filter((node) => node !== cutOff));
    await thousand.quiet(2_000);
    const firstMs = new Map<string, number>();
    for (const seen of await observer.stop()) {
      if (seen.kind !== 'answer' || seen.atMs <= cutMs || seen.mac === cutOff.nic.mac) continue;
      firstMs.set(seen.address, Math.min(seen.atMs, firstMs.get(seen.address) ?? Infinity));
    }
    const answers = addresses.map((address) => (firstMs.get(address) ?? Infinity) - cutMs);
    const lastMs = Math.max(...answers);
    const firstAnnouncements = new Map<string, number>();
    const announced = thousand.announced(cutMs);
    for (const { address, atMs } of announced) {
      if (!firstAnnouncements.has(address)) firstAnnouncements.set(address, atMs - cutMs);
    }
    console.log(`\nnode ${cutOff.name} cut off: ${addresses.length} addresses move`);
    console.log(
      `  first answers elsewhere, asked every ${ASK_EVERY_MS} ms: ${Math.min(...answers).toFixed(0)} to ${lastMs.toFixed(0)} ms, budget ${LAST_ANSWER_MS}: ${lastMs <= LAST_ANSWER_MS ? 'met' : 'missed'}`,
    );
    console.log(
      `  last one announced after ${Math.max(...firstAnnouncements.values()).toFixed(0)} ms; ${announced.length} gratuitous frames for ${firstAnnouncements.size} addresses`,
    );

    const healedMs = monotonicMs();
    await cut.heal();
    const after = await thousand.settled();
    const same = [...before].every(([address, owner]) => after.get(address) === owner);
    const restoredMs = monotonicMs() - healedMs;
    await thousand.quiet(2_000);
    const handedBack = thousand.announced(healedMs);
    console.log(
      `link restored: spread ${same ? 'as before' : 'NOT as before'} after ${(restoredMs / 1000).toFixed(1)} s, ${handedBack.length} gratuitous frames`,
    );
  },
};

function printSpread(owners: ReadonlyMap<string, string>): void {
  const counts = new Map<string, number>();
  for (const owner of owners.values()) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  const even = owners.size / counts.size;
  const worst = Math.max(...Array.from(counts.values(), (count) => Math.abs(count - even) / even));
  const shares = Array.from(counts, ([node, count]) => `${node} ${count}`).sort();
  const percent = worst * 100;
  console.log(
    `spread: ${shares.join(', ')}; at most ${percent.toFixed(1)} % from even, budget ${EVEN_WITHIN_PERCENT}: ${percent <= EVEN_WITHIN_PERCENT ? 'met' : 'missed'}`,
  );
}

function printWire(frames: readonly Sighting[]): void {
  const counts = new Map<string, number>();
  for (const { meaning } of frames) counts.set(meaning, (counts.get(meaning) ?? 0) + 1);
  const rates = Array.from(counts, ([meaning, count]) => {
    return `${meaning} ${(count / (QUIET_MS / 1000)).toFixed(1)}`;
  });
  console.log(`steady state, frames a second that the nodes send: ${rates.join(', ')}`);
}
