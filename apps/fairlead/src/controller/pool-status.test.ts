import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClusterState, Problem } from '@fairlead/cluster';
import { datedConditions } from './findings.ts';
import { decidePools, poolSaysTheSame, type PoolFindings } from './pool-status.ts';
import { service } from '../testing/sample-service.ts';
import { decide, now, pool, stateOf } from './testing/sample-round.ts';

function findingsOf(state: Partial<ClusterState>, name = 'lan'): PoolFindings {
  const { usages } = decide(state);
  const findings = decidePools(stateOf(state), usages).get(name);
  assert.ok(findings !== undefined);
  return findings;
}

const problem = (reason: Problem['reason'], field = 'spec.addresses[0]'): Problem => ({
  object: 'AddressPool/lan',
  field,
  value: '192.0.2.0/30',
  message: `It is ${reason ?? 'unreadable'}.`,
  ...(reason && { reason }),
});

test('a pool says how many addresses it has, by family', () => {
  const pools = [pool('lan', ['192.0.2.0/30', '2001:db8::/64'])];
  const { ipv4, ipv6, ready } = findingsOf({ pools, services: [service('web')] });
  assert.deepEqual(ipv4, { total: '4', used: 1, free: '3' });
  assert.deepEqual(ipv6, { total: '18446744073709551616', used: 0, free: '18446744073709551616' });
  assert.deepEqual([ready.status, ready.reason], ['True', 'Ready']);
});

test('a pool with problems is not ready, for the gravest reason, and names them all', () => {
  const pools = [pool('lan', ['192.0.2.0/30'])];
  const problems = [problem('AddressInUse'), problem('Overlap', 'spec.addresses[1]')];
  const { ready } = findingsOf({ pools, problems });
  assert.deepEqual([ready.status, ready.reason], ['False', 'Overlap']);
  assert.match(
    ready.message,
    /spec\.addresses\[0\] "192\.0\.2\.0\/30": It is AddressInUse\. spec\.addresses\[1\] .*Overlap\./u,
  );
});

test('a pool that cannot be used at all has a status, too', () => {
  const { ipv4, ready } = findingsOf({ problems: [problem(undefined)] });
  assert.deepEqual([ipv4, ready.reason], [undefined, 'Invalid']);
});

test('a status is written only where it says something else', () => {
  const findings = findingsOf({ pools: [pool('lan', ['192.0.2.0/30'])] });
  const { ipv4, ready } = findings;
  const conditions = datedConditions([ready], [], now);
  assert.ok(poolSaysTheSame({ ipv4, conditions }, findings));
  assert.ok(!poolSaysTheSame({}, findings));
  assert.ok(!poolSaysTheSame({ ipv4, ipv6: ipv4, conditions }, findings));
  assert.ok(!poolSaysTheSame({ ipv4, conditions: [] }, findings));
});
