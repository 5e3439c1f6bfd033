import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PolicyRule } from 'kubernetes-types/rbac/v1.d.ts';
import { accessOf, requestsOutside, unusedRules } from './role-rules.ts';

const get = (path: string) => ({ method: 'GET', path });

test('a request is a verb on a resource', () => {
  const table: readonly (readonly [method: string, path: string, what: string])[] = [
    ['GET', '/api/v1/nodes?limit=500', 'list nodes'],
    ['GET', '/api/v1/nodes?watch=true', 'watch nodes'],
    ['GET', '/api/v1/namespaces', 'list namespaces'],
    ['GET', '/api/v1/namespaces/kube-system', 'get namespaces kube-system'],
    [
      'GET',
      '/api/v1/namespaces/a/secrets?watch=true&fieldSelector=metadata.name%3Dkey',
      'watch secrets key',
    ],
    ['POST', '/apis/events.k8s.io/v1/namespaces/a/events', 'create events'],
    ['PATCH', '/api/v1/namespaces/a/services/web/status?force=true', 'patch services/status web'],
    ['PUT', '/apis/coordination.k8s.io/v1/namespaces/a/leases/me', 'update leases me'],
    ['DELETE', '/apis/fairlead.dev/v1alpha1/nodereports/n', 'delete nodereports n'],
    ['GET', '/version', 'nothing'],
    ['GET', '/apis/fairlead.dev/v1alpha1', 'nothing'],
  ];
  for (const [method, path, what] of table) {
    const access = accessOf({ method, path });
    const told = access && [access.verb, access.resource, access.name].filter(Boolean).join(' ');
    assert.equal(told ?? 'nothing', what, path);
  }
});

const rules: readonly PolicyRule[] = [
  { apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['secrets'], resourceNames: ['key'], verbs: ['get'] },
];

test('what no rule allows is told', () => {
  const fine = [get('/api/v1/nodes'), get('/api/v1/namespaces/a/secrets/key'), get('/version')];
  assert.deepEqual(requestsOutside(rules, fine), []);
  const outside = [
    get('/api/v1/nodes/n'),
    get('/api/v1/namespaces/a/secrets/other'),
    get('/api/v1/namespaces/a/secrets'),
    get('/apis/metrics.k8s.io/v1/nodes'),
  ];
  assert.deepEqual(requestsOutside(rules, [...fine, ...outside]), outside);
});

test('what nobody asks for is told', () => {
  assert.deepEqual(unusedRules(rules, [get('/api/v1/nodes')]), ['watch nodes', 'get secrets key']);
  const one = get('/api/v1/nodes?fieldSelector=metadata.name%3Dn');
  assert.deepEqual(unusedRules(rules.slice(0, 1), [one]), ['list nodes', 'watch nodes']);
  const named = [{ ...rules[0], apiGroups: ['fairlead.dev'] } as PolicyRule];
  assert.deepEqual(unusedRules(named, []), ['list nodes.fairlead.dev', 'watch nodes.fairlead.dev']);
});
