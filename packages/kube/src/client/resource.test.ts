import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { resourcePath } from './resource.ts';
import { resources } from './resources.ts';

test('paths of objects of the core group and of others', () => {
  const { services, leases, nodes } = resources;
  assert.equal(resourcePath(services, {}), '/api/v1/services');
  assert.equal(resourcePath(nodes, { name: 'a' }), '/api/v1/nodes/a');
  assert.equal(
    resourcePath(services, { namespace: 'x', name: 'web', subresource: 'status' }),
    '/api/v1/namespaces/x/services/web/status',
  );
  assert.equal(
    resourcePath(leases, { namespace: 'x' }, { limit: 5, continue: undefined, force: false }),
    '/apis/coordination.k8s.io/v1/namespaces/x/leases?limit=5&force=false',
  );
});

test('what cannot be a path is refused before anything is sent', () => {
  const { services, nodes } = resources;
  assert.throws(() => resourcePath(services, { name: 'web' }), /namespace is missing/u);
  assert.throws(() => resourcePath(nodes, { namespace: 'x' }), /have no namespace/u);
});

test('no name leaves its place in the path', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (name) => {
      let path: string;
      try {
        path = resourcePath(resources.services, { namespace: 'x', name });
      } catch (error) {
        return assert.ok(error instanceof RangeError || error instanceof URIError);
      }
      const url = new URL(path, 'https://host');
      assert.equal(url.pathname.split('/').length, 7);
      assert.equal(decodeURIComponent(url.pathname.split('/')[6] ?? ''), name);
      assert.equal(url.search + url.hash, '');
    }),
  );
});
