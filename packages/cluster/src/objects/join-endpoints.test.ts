import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { portBackends } from '../backends.ts';
import { cluster, service, slice } from '../conformance/sample-objects.ts';
import { readClusterText } from '../sources/file/read-cluster-text.ts';

function servicesOf(...objects: readonly object[]) {
  const items = [cluster(), ...objects];
  const result = readClusterText(JSON.stringify({ kind: 'List', items }));
  assert.ok(result.ok);
  return result.state.services;
}

function endpointsOf(...slices: readonly object[]) {
  return servicesOf(service('web'), ...slices)[0]?.endpoints ?? [];
}

describe('endpoints of several slices', () => {
  it('have the conditions that the EndpointSlice API gives to missing ones', () => {
    const conditions = [
      {},
      { ready: false },
      { ready: false, terminating: true },
      { serving: false },
      { ready: null, serving: null, terminating: null },
    ];
    const endpoints = conditions.map((one, index) => ({
      addresses: [`10.244.0.${index}`],
      conditions: one,
    }));
    const read = endpointsOf(slice('a', 'web', [{ port: 80 }], endpoints));
    assert.deepEqual(
      read.map(({ ready, serving, terminating }) => [ready, serving, terminating]),
      [
        [true, true, false],
        [false, true, false],
        [false, true, true],
        [true, false, false],
        [true, true, false],
      ],
    );
  });

  it('have each port once, in its best condition', () => {
    const http = { name: 'http', port: 80 };
    const dns = { name: 'dns', port: 53 };
    const old = { name: 'old', port: 1 };
    const pod = (conditions: object) => [{ addresses: ['10.244.0.1'], conditions }];
    const endpoints = endpointsOf(
      slice('a', 'web', [old, http], pod({ ready: false })),
      slice('b', 'web', [http], pod({})),
      slice('c', 'web', [http, dns], pod({})),
    );
    assert.deepEqual(
      endpoints.map(({ ready, ports }) => [ready, ports.map(({ name }) => name)]),
      [
        [true, ['http']],
        [true, ['dns']],
        [false, ['old']],
      ],
    );
  });

  it('of two pods with one address, a port each, are both used', () => {
    const ports = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ];
    const pod = (conditions: object) => [
      { addresses: ['192.0.2.11'], nodeName: 'node-1', conditions },
    ];
    const [web] = servicesOf(
      service('web', { ports }),
      slice('1', 'web', [{ name: 'a', port: 8080 }], pod({})),
      slice('2', 'web', [{ name: 'b', port: 9090 }], pod({ ready: false, terminating: true })),
    );
    assert.ok(web !== undefined);
    assert.deepEqual(
      portBackends(web, 4).map(({ backends }) => backends.map(({ port }) => port)),
      [[8080], [9090]],
    );
  });

  it('do not depend on the order in which slices come', () => {
    const entry = fc.record({
      addresses: fc.constantFrom(['10.244.0.1'], ['10.244.0.2']),
      nodeName: fc.constantFrom('node-1', 'node-2'),
      conditions: fc.record({ ready: fc.boolean(), terminating: fc.boolean() }),
    });
    const slices = fc
      .array(fc.tuple(fc.array(entry, { maxLength: 3 }), fc.integer({ min: 1, max: 3 })), {
        maxLength: 4,
      })
      .map((made) =>
        made.map(([entries, port], index) => slice(`s${index}`, 'web', [{ port }], entries)),
      );
    fc.assert(
      fc.property(slices, (made) => {
        assert.deepEqual(endpointsOf(...made.toReversed()), endpointsOf(...made));
      }),
    );
  });
});
