import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderFrameLoss } from './fault-rules.ts';

/** The rules alone, without the frame around them. */
function rules(loss: Parameters<typeof renderFrameLoss>[1]): string[] {
  return renderFrameLoss('fault1', loss)
    .split('\n')
    .filter((line) => line.startsWith('    ') && !line.includes('type filter'))
    .map((line) => line.trim());
}

test('a fault is a table of its own', () => {
  assert.equal(
    renderFrameLoss('fault7', { kind: 'port', port: 'n1', lost: 'out' }),
    `table bridge fault7 {
  chain prerouting {
    type filter hook prerouting priority -200;
    iifname "n1" drop
  }
}
`,
  );
});

test('a dark port loses both ways, and what the switch itself sends', () => {
  assert.deepEqual(rules({ kind: 'port', port: 'n1', lost: 'both' }), [
    'iifname "n1" drop',
    'oifname "n1" drop',
    'oifname "n1" drop',
  ]);
});

test('between groups nothing passes in either direction; inside a group all does', () => {
  assert.deepEqual(rules({ kind: 'between', groups: [['n1', 'n2'], ['n3']] }), [
    'iifname { "n1", "n2" } oifname { "n3" } drop',
    'iifname { "n3" } oifname { "n1", "n2" } drop',
  ]);
  assert.deepEqual(rules({ kind: 'between', groups: [['n1'], []] }), []);
});

test('a filter by port takes it at either end, once, and only the share asked for', () => {
  const match = { protocol: 'udp', port: 7476, family: 4 } as const;
  assert.deepEqual(rules({ kind: 'matching', match, share: { everyNth: 3 }, to: ['n2'] }), [
    'numgen inc mod 3 0 drop',
    'oifname { "n2" } ether type ip udp sport 7476 goto lose',
    'oifname { "n2" } ether type ip udp dport 7476 goto lose',
  ]);
  assert.deepEqual(
    rules({ kind: 'matching', match: { protocol: 'any' }, share: { probability: 0.05 } }),
    ['numgen random mod 10000 < 500 drop', 'goto lose'],
  );
});

test('shares and ports out of range are refused with their value', () => {
  const match = { protocol: 'tcp', port: 80 } as const;
  const render = (loss: object): string =>
    renderFrameLoss('fault1', { kind: 'matching', match, ...loss });
  assert.throws(() => render({ share: { probability: 5 } }), /between 0 and 1, not 5/);
  assert.throws(() => render({ share: { probability: Number.NaN } }), /not NaN/);
  assert.throws(() => render({ share: { everyNth: 0 } }), /from 1 on, not 0/);
  assert.throws(() => render({ match: { protocol: 'udp', port: 70_000 } }), /not 70000/);
});
