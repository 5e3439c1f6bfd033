import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { cluster, service, slice } from '../conformance/sample-objects.ts';
import { readClusterText } from '../sources/file/read-cluster-text.ts';

function endpointsOf(...slices: readonly object[]) {
  const items = [cluster(), service('web'), ...slices];
  const result = readClusterText(JSON.stringify({ kind: 'List', items }));
  assert.ok(result.ok);
  return result.state.services[0]?.endpoints ?? [];
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

  it('have the ports of all slices in which they are in the same condition', () => {
    const pod = (conditions: object) => [{ addresses: ['10.244.0.1'], conditions }];
    const [endpoint] = endpointsOf(
      slice('a', 'web', [{ name: 'http', port: 80 }], pod({})),
      slice(
        'b',
        'web',
        [
          { name: 'http', port: 80 },
          { name: 'dns', port: 53 },
        ],
        pod({}),
      ),
      slice('c', 'web', [{ name: 'old', port: 1 }], pod({ ready: false })),
    );
    assert.deepEqual(
      endpoint?.ports.map(({ name }) => name),
      ['http', 'dns'],
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
