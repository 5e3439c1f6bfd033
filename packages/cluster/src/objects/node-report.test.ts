import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressesOfNode } from '../node-addresses.ts';
import { address, node, nodeReport, pool } from '../conformance/sample-objects.ts';
import type { ClusterNode } from '../state.ts';
import { assembleState } from './assemble.ts';
import { readObject, type ClusterObjectKind } from './read-object.ts';
import type { Reader } from './read-options.ts';

const problem = { object: 'Node/node-1', field: '', value: '', message: 'Something is wrong.' };
const second = {
  name: 'eth1',
  mac: '52:54:00:00:00:01',
  addresses: ['198.51.100.11/24', 'fe80::1/64', '169.254.1.1/16'],
};
const report = nodeReport('node-1', [second], { problems: [problem], held: [{ count: 3 }] });

function stateOf(reader: Reader, ...objects: readonly { readonly kind: string }[]) {
  const read = objects.map((each) => readObject(each.kind as ClusterObjectKind, each, { reader }));
  assert.deepEqual(
    read.flatMap(({ faults }) => faults),
    [],
  );
  return assembleState(
    'c',
    read.flatMap(({ object }) => object ?? []),
    [],
  );
}

function nodeOf(reader: Reader): ClusterNode | undefined {
  return stateOf(reader, node('node-1', [address('192.0.2.11')]), report).nodes[0];
}

describe('the report of a node', () => {
  it('belongs to the node of its name', () => {
    assert.deepEqual(nodeOf('controller')?.report, {
      interfaces: [
        {
          name: 'eth1',
          mac: '52:54:00:00:00:01',
          addresses: [
            { family: 4, address: '198.51.100.11', length: 24 },
            { family: 6, address: 'fe80::1', length: 64 },
            { family: 4, address: '169.254.1.1', length: 16 },
          ],
        },
      ],
      gateways: [],
      landing: true,
      problems: [problem],
    });
  });

  it('without its node is nothing', () => {
    assert.deepEqual(stateOf('controller', report).nodes, []);
  });

  it('is for other agents no more than how to reach it', () => {
    assert.deepEqual(nodeOf('agent')?.report?.problems, []);
  });

  it('of another version is read as far as it is known', () => {
    const { object, faults } = readObject(
      'NodeReport',
      nodeReport('node-1', [{ ...second, speed: 10 }], {
        class: 'Newer',
        dataPath: { attach: '?' },
      }),
      { reader: 'agent' },
    );
    assert.deepEqual(faults, []);
    assert.ok(object?.kind === 'NodeReport');
    assert.equal(object.value.report.landing, false);
    assert.equal(object.value.report.interfaces.length, 1);
  });

  it('loses an address that cannot be read, and says so', () => {
    const odd = nodeReport('node-1', [{ ...second, addresses: ['198.51.100.11', '192.0.2.9/24'] }]);
    const { object, faults } = readObject('NodeReport', odd, { reader: 'agent' });
    assert.ok(object?.kind === 'NodeReport');
    assert.equal(object.value.report.interfaces[0]?.addresses.length, 1);
    assert.deepEqual(
      faults.map(({ field, value }) => [field, value]),
      [['status.interfaces[0].addresses[0]', '198.51.100.11']],
    );
  });
});

describe("a node's own addresses", () => {
  it('are its InternalIPs and those of its interfaces that mean something elsewhere', () => {
    const found = nodeOf('agent');
    assert.ok(found);
    assert.deepEqual(addressesOfNode(found), ['192.0.2.11', '198.51.100.11']);
  });

  it('are named where a pool holds them', () => {
    const objects = [node('node-1', [address('192.0.2.11')]), report];
    const state = stateOf('controller', ...objects, pool('second', ['198.51.100.0/24']));
    assert.match(state.problems[0]?.message ?? '', /198\.51\.100\.11 of Node\/node-1/u);
  });
});
