import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { portBackends, readClusterText } from '@fairlead/cluster';
import { allocate } from './allocate.ts';

it('the example of docs/standalone.md works', () => {
  const page = readFileSync(new URL('../../../docs/standalone.md', import.meta.url), 'utf8');
  const [, example = ''] = /```yaml\n(.*?)```/su.exec(page) ?? [];
  const result = readClusterText(example);
  assert.ok(result.ok);
  const { state } = result;
  assert.deepEqual(state.problems, []);
  const [web] = state.services;
  assert.ok(web !== undefined);
  for (const family of [4, 6] as const) {
    assert.deepEqual(
      portBackends(web, family).map(({ port, backends }) => [
        port.port,
        backends.map(({ node }) => node),
      ]),
      [[80, ['node-1', 'node-2']]],
    );
  }
  const [allocation] = allocate(state).values();
  assert.deepEqual(allocation?.problems, []);
  assert.equal(allocation.addresses[0]?.address, '192.0.2.200');
  assert.match(allocation.addresses[1]?.address ?? '', /^2001:db8:0:1:ffff::/u);
});
