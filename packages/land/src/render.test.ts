import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { PlanInForce } from './plan-in-force.ts';
import { commandOf, difference } from './difference.ts';
import { renderTable } from './render.ts';
import { examplePlan, pod } from './testing/example-cluster.ts';

/** The commands of one kind, less the words they all begin with. */
function commands(lines: readonly string[], verb: string): string[] {
  const start = `${verb} inet fairlead `;
  return lines.filter((line) => line.startsWith(start)).map((line) => line.slice(start.length));
}

const plan = examplePlan([
  {
    name: 'web',
    addresses: ['198.51.100.1', '2001:db8:100::1'],
    endpoints: [pod('10.244.1.5'), pod('10.244.1.6'), pod('fd00:244::5')],
    sourceRanges: ['203.0.113.0/24', '192.0.2.7/32'],
  },
  {
    name: 'game',
    addresses: ['198.51.100.2'],
    endpoints: [pod('10.244.1.5'), pod('10.244.1.6')],
    affinitySeconds: 10_800,
  },
]);

suite('render', () => {
  test('a plan as the script that makes its table', () => {
    const script = difference(undefined, renderTable(plan)).map(commandOf);
    assert.equal(script[0], 'add table inet fairlead');
    assert.deepEqual(commands(script, 'add element'), [
      'announcing {\n"eth0"\n}',
      'addresses4 {\n198.51.100.1,\n198.51.100.2\n}',
      'answering4 {\n198.51.100.1,\n198.51.100.2\n}',
      'restricted4 {\n198.51.100.1 . 6 . 80 : jump sources/198.51.100.1/tcp/80\n}',
      'landing4 {\n198.51.100.1 . 6 . 80 : goto pods-2-v4,\n198.51.100.2 . 6 . 80 : goto affinity/198.51.100.2/tcp/80\n}',
      'pod-0-v4 {\n198.51.100.1 . 6 . 80 : 10.244.1.5 . 8080\n}',
      'addresses6 {\n2001:db8:100::1\n}',
      'answering6 {\n2001:db8:100::1\n}',
      'landing6 {\n2001:db8:100::1 . 6 . 80 : goto pod-0-v6\n}',
      'pod-0-v6 {\n2001:db8:100::1 . 6 . 80 : fd00:244::5 . 8080\n}',
      'pod-1-v4 {\n198.51.100.1 . 6 . 80 : 10.244.1.6 . 8080\n}',
    ]);
    const fixed = /^(?:prerouting|forward|input|guard|stray[46]) /u;
    assert.deepEqual(
      commands(script, 'add rule').filter((rule) => !fixed.test(rule)),
      [
        'pod-0-v4 counter name "landed"',
        'pod-0-v4 meta l4proto { 6, 17, 132 } dnat ip to ip daddr . meta l4proto . th dport map @pod-0-v4',
        'pod-0-v6 counter name "landed"',
        'pod-0-v6 meta l4proto { 6, 17, 132 } dnat ip6 to ip6 daddr . meta l4proto . th dport map @pod-0-v6',
        'sources/198.51.100.1/tcp/80 ip saddr 203.0.113.0/24 return',
        'sources/198.51.100.1/tcp/80 ip saddr 192.0.2.7 return',
        'sources/198.51.100.1/tcp/80 counter name "denied/198.51.100.1/tcp/80" drop',
        'pod-1-v4 counter name "landed"',
        'pod-1-v4 meta l4proto { 6, 17, 132 } dnat ip to ip daddr . meta l4proto . th dport map @pod-1-v4',
        'pod-1-v4 meta l4proto { 6, 17, 132 } dnat ip to ip daddr . meta l4proto . th dport map @pod-0-v4',
        'pods-2-v4 jhash ip saddr . th sport mod 2 vmap { 0 : goto pod-0-v4, 1 : goto pod-1-v4 }',
        'stick/10.244.1.5/8080/10800s update @clients/10.244.1.5/8080 { ip daddr . meta l4proto . th dport . ip saddr timeout 10800s }',
        'stick/10.244.1.5/8080/10800s counter name "landed"',
        'stick/10.244.1.5/8080/10800s meta l4proto { 6, 17, 132 } dnat ip to 10.244.1.5:8080',
        'stick/10.244.1.6/8080/10800s update @clients/10.244.1.6/8080 { ip daddr . meta l4proto . th dport . ip saddr timeout 10800s }',
        'stick/10.244.1.6/8080/10800s counter name "landed"',
        'stick/10.244.1.6/8080/10800s meta l4proto { 6, 17, 132 } dnat ip to 10.244.1.6:8080',
        'affinity/198.51.100.2/tcp/80 ip daddr . meta l4proto . th dport . ip saddr @clients/10.244.1.5/8080 goto stick/10.244.1.5/8080/10800s',
        'affinity/198.51.100.2/tcp/80 ip daddr . meta l4proto . th dport . ip saddr @clients/10.244.1.6/8080 goto stick/10.244.1.6/8080/10800s',
        'affinity/198.51.100.2/tcp/80 jhash ip saddr mod 2 seed 0x1 0 goto stick/10.244.1.5/8080/10800s',
        'affinity/198.51.100.2/tcp/80 goto stick/10.244.1.6/8080/10800s',
      ],
    );
  });

  test('one Service that changes costs its own elements only', () => {
    const changed = examplePlan([
      {
        name: 'web',
        addresses: ['198.51.100.1', '2001:db8:100::1'],
        endpoints: [pod('10.244.1.6'), pod('fd00:244::5')],
        sourceRanges: ['203.0.113.0/24', '192.0.2.7/32'],
      },
      {
        name: 'game',
        addresses: ['198.51.100.2'],
        endpoints: [pod('10.244.1.5'), pod('10.244.1.6')],
        affinitySeconds: 10_800,
      },
    ]);
    const before = { ...renderTable(plan), foreign: [] };
    assert.deepEqual(difference(before, renderTable(changed)).map(commandOf), [
      'flush chain inet fairlead pod-1-v4',
      'flush chain inet fairlead pods-2-v4',
      'delete element inet fairlead landing4 {\n198.51.100.1 . 6 . 80\n}',
      'delete element inet fairlead pod-0-v4 {\n198.51.100.1 . 6 . 80\n}',
      'add element inet fairlead landing4 {\n198.51.100.1 . 6 . 80 : goto pod-0-v4\n}',
      'add element inet fairlead pod-0-v4 {\n198.51.100.1 . 6 . 80 : 10.244.1.6 . 8080\n}',
      'delete chain inet fairlead pod-1-v4',
      'delete chain inet fairlead pods-2-v4',
      'delete map inet fairlead pod-1-v4',
    ]);
    assert.deepEqual(difference(before, renderTable(plan)), []);
    const inForce = new PlanInForce(plan);
    assert.deepEqual(inForce.changeTo(changed), difference(before, renderTable(changed)));
    assert.deepEqual(inForce.changeTo(changed), []);
  });
});
