import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError, ConnectionError } from '@fairlead/kube';
import { clusterResources } from './objects.ts';
import { explainRefusals } from './refusals.ts';

const server = 'https://192.0.2.2:6443/';
const request = { method: 'GET', path: '/api/v1/services' };
const { Service, Node, AddressPool, NodeReport } = clusterResources;
const refused = (code: number) => new ApiError(request, code, { message: 'no' }, undefined);

test('each reason comes with the next step', () => {
  const table = [
    [
      [
        { resource: Node, error: refused(403) },
        { resource: NodeReport, error: refused(403) },
      ],
      /^you may not list nodes, nodereports\.fairlead\.dev at https:.*ClusterRole fairlead-viewer.*--state-dir/u,
    ],
    [[{ resource: AddressPool, error: refused(404) }], /has no addresspools.*kubectl apply/u],
    [[{ resource: Service, error: refused(401) }], /does not know who you are/u],
    [
      [{ resource: Service, error: new ConnectionError(request, 'ECONNREFUSED') }],
      /^the API server https:\/\/192\.0\.2\.2:6443\/ does not answer as it should: GET \/api\/v1\/services: ECONNREFUSED\..*--state-dir/u,
    ],
    [[{ resource: Service, error: refused(500) }], /does not answer as it should: .*500/u],
  ] as const;
  for (const [refusals, expected] of table) {
    const error = explainRefusals(refusals, server);
    assert.match(error.message, expected);
    assert.equal(error.cause, refusals[0].error);
  }
});
