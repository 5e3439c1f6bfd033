import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  checkHostName,
  InterfaceNames,
  LinkIdentities,
  namespaceName,
  namespacePrefix,
  newRunId,
} from './name-allocation.ts';

test('interface names are kept where they fit, and cut and numbered where they do not', () => {
  const names = new InterfaceNames();
  assert.equal(names.take('eth0'), 'eth0');
  assert.equal(names.take('eth0'), 'eth0.2');
  assert.equal(names.take('pod-payments-backend'), 'pod-payments-ba');
  assert.equal(names.take('pod-payments-basket'), 'pod-payments-.2');
  assert.equal(names.take('lo'), 'lo.2');
});

test('whatever is wanted, every name fits the kernel and is there once', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z][a-z\d-]{0,30}$/)), (wanted) => {
      const names = new InterfaceNames();
      const given = wanted.map((name) => names.take(name));
      assert.equal(new Set(given).size, wanted.length);
      assert.ok(given.every((name) => name.length > 0 && name.length <= 15));
    }),
  );
});

test('link identities are unique, their MACs unicast and locally administered', () => {
  const identities = new LinkIdentities();
  const made = Array.from({ length: 1_000 }, () => identities.next());
  assert.equal(new Set(made.map(({ index }) => index)).size, made.length);
  assert.equal(new Set(made.map(({ mac }) => mac)).size, made.length);
  assert.ok(made.every(({ mac }) => /^02(:[\da-f]{2}){5}$/.test(mac)));
});

test('no run id is the beginning of another, so neither is a prefix of namespaces', () => {
  assert.equal(
    newRunId(() => 0),
    'aaaa',
  );
  assert.equal(newRunId(() => 1 - Number.EPSILON).length, 4);
  assert.ok(namespaceName('ab2c', 'n1').startsWith(namespacePrefix('ab2c')));
  assert.equal(namespaceName('ab2c', 'n1'), 'flab2c-n1');
});

test('names that cannot be part of a namespace are refused with the name', () => {
  for (const bad of ['', 'N1', '1n', 'a/b', 'a b', '../x', 'a'.repeat(32)]) {
    assert.throws(() => checkHostName(bad), {
      name: 'RangeError',
      message: new RegExp(JSON.stringify(bad).replace(/[.*/]/g, '\\$&')),
    });
  }
  assert.equal(checkHostName('node-1'), 'node-1');
});
