import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefusalRules, statusBody } from './faults.ts';

test('a rule is for what it names, as often as it says', () => {
  const rules = new RefusalRules();
  rules.add({ status: 409, method: 'PUT', path: '/leases/', times: 2 });
  rules.add({ status: 500, path: 'watch=true' });
  const take = (method: string, path: string): number | undefined =>
    rules.take(method, path)?.status;
  assert.equal(take('GET', '/apis/x/leases/a'), undefined);
  assert.equal(take('PUT', '/api/v1/services/a'), undefined);
  assert.deepEqual(
    [1, 2, 3].map(() => take('PUT', '/apis/x/leases/a')),
    [409, 409, undefined],
  );
  assert.equal(take('GET', '/api/v1/nodes?watch=true'), 500);
  rules.clear();
  assert.equal(take('GET', '/api/v1/nodes?watch=true'), undefined);
});

test('a path that is no regular expression is refused', () => {
  assert.throws(() => new RefusalRules().add({ status: 500, path: '(' }), SyntaxError);
});

test('the body is a Status as the API server writes it', () => {
  const status = JSON.parse(statusBody({ status: 429, retryAfterSeconds: 3 })) as object;
  assert.deepEqual(status, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'refused by the fault proxy',
    reason: 'TooManyRequests',
    details: { retryAfterSeconds: 3 },
    code: 429,
  });
});
