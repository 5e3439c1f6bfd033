import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { z } from 'zod';
import { coreObject } from '../generate/runtime-schemas.ts';
import { addressPoolSchema } from '../generated/object-schemas.ts';
import { addressPool } from '../schemas/address-pool.ts';
import { announcement } from '../schemas/announcement.ts';
import { clusterDocument } from '../schemas/cluster-document.ts';
import { endpointSlice } from '../schemas/endpoint-slice.ts';
import { node } from '../schemas/node.ts';
import { service } from '../schemas/service.ts';
import { fit } from './fit.ts';
import type { Schema } from './schema.ts';

const pool = (spec: object) => ({ metadata: { name: 'lan' }, spec });

const faultsOf = (value: unknown) => {
  const fitted = fit(addressPoolSchema, value);
  return fitted.ok ? [] : fitted.faults.map(({ field, message }) => `${field}: ${message}`);
};

describe('fitting a value to a schema', () => {
  it('fills in defaults and drops what is not read', () => {
    const value = { ...pool({ addresses: ['192.0.2.0/24'] }), status: { ipv4: {} } };
    assert.deepEqual(fit(addressPoolSchema, value), {
      ok: true,
      value: {
        metadata: { name: 'lan', labels: {}, annotations: {} },
        spec: {
          addresses: ['192.0.2.0/24'],
          autoAssign: true,
          namespaces: [],
          skipEdges: false,
          reuseAfter: '0s',
        },
      },
    });
  });

  it('takes null for "not given"', () => {
    assert.deepEqual(faultsOf(pool({ addresses: ['192.0.2.0/24'], priority: null })), []);
  });

  const cases = [
    ['no object at all', 'lan', ': Not an object. Write an object of: apiVersion'],
    ['a missing field', pool({}), 'spec.addresses: Missing. Add it.'],
    [
      'an unknown field',
      pool({ addresses: ['a'], prio: 1 }),
      'spec.prio: Unknown field. Remove it, or use one of: addresses',
    ],
    ['an odd unknown field', pool({ addresses: ['a'], 'a b': 1 }), 'spec[a b]: Unknown field.'],
    ['a list that is none', pool({ addresses: 'a' }), 'spec.addresses: Not a list. Write a list.'],
    ['an empty list', pool({ addresses: [] }), 'spec.addresses: Too few items. Add an item.'],
    [
      'a long list',
      pool({ addresses: Array(65).fill('a') }),
      'spec.addresses: Too many items. Give at most 64.',
    ],
    [
      'a number for text',
      pool({ addresses: [1] }),
      'spec.addresses[0]: Not text. Put it in quotes.',
    ],
    [
      'text for a boolean',
      pool({ addresses: ['a'], autoAssign: 'yes' }),
      'spec.autoAssign: Not true or false.',
    ],
    [
      'a number out of bounds',
      pool({ addresses: ['a'], priority: 0 }),
      'spec.priority: Not a whole number that is allowed here. Write one from 1 to 2147483647',
    ],
    ['a fraction', pool({ addresses: ['a'], priority: 1.5 }), 'spec.priority: Not a whole number'],
    [
      'a wrong form',
      pool({ addresses: ['a'], namespaces: ['Web'] }),
      'spec.namespaces[0]: Not in the right form. Use lower-case letters',
    ],
    [
      'an operator that is none',
      pool({
        addresses: ['a'],
        serviceSelector: { matchExpressions: [{ key: 'a', operator: 'Is' }] },
      }),
      'spec.serviceSelector.matchExpressions[0].operator: Not a value allowed here. Write In, NotIn, Exists or DoesNotExist.',
    ],
  ] as const;
  for (const [what, value, expected] of cases) {
    it(`names field and remedy for ${what}`, () => {
      const [fault = '', ...others] = faultsOf(value);
      assert.deepEqual(others, []);
      assert.ok(fault.startsWith(expected), fault);
    });
  }

  it('says all that is wrong at once', () => {
    assert.equal(faultsOf({ spec: { addresses: 'a', skipEdges: 1 } }).length, 3);
  });

  it('takes __proto__ for a name like any other', () => {
    const labels: unknown = JSON.parse('{"__proto__": "a"}');
    const fitted = fit(addressPoolSchema, {
      metadata: { name: 'lan', labels },
      spec: { addresses: ['a'] },
    });
    assert.ok(fitted.ok);
    assert.deepEqual(Object.entries(fitted.value.metadata.labels), [['__proto__', 'a']]);
    assert.equal(Object.getPrototypeOf(fitted.value.metadata.labels), Object.prototype);
  });

  it('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        fit(addressPoolSchema, value);
        fit(addressPoolSchema, pool(value as object));
      }),
    );
  });

  it('does not follow a value that contains itself', () => {
    const loop: { metadata?: unknown; spec?: unknown } = {};
    loop.metadata = loop;
    loop.spec = loop;
    assert.ok(!fit(addressPoolSchema, loop).ok);
  });
});

describe('fitting a value', () => {
  const schemas: readonly (readonly [string, z.ZodType])[] = [
    ['AddressPool', addressPool.spec],
    ['Announcement', announcement.spec],
    ['Cluster', clusterDocument.spec],
    ['Service', service],
    ['EndpointSlice', endpointSlice],
    ['Node', node],
  ];
  for (const [kind, schema] of schemas) {
    it(`judges as the zod schema of ${kind} does`, () => {
      const runtime = coreObject(schema) as Schema;
      fc.assert(
        fc.property(likely(runtime), (value) => {
          const expected = schema.safeParse(value);
          const fitted = fit(runtime, value);
          assert.equal(fitted.ok, expected.success);
          if (fitted.ok) assert.deepEqual(fitted.value, expected.data);
        }),
        { numRuns: 300 },
      );
    });
  }
});

/** Values that fit a schema now and then. Null is left out: it is "not given" here, and wrong for zod. */
function likely(schema: Schema): fc.Arbitrary<unknown> {
  const right = fitting(schema);
  return fc.oneof({ arbitrary: right, weight: 30 }, { arbitrary: wrong, weight: 1 });
}

const wrong = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant([]), fc.constant({}));

function fitting(schema: Schema): fc.Arbitrary<unknown> {
  const { type, properties = {}, items, additionalProperties, required = [] } = schema;
  if (type === 'object' && additionalProperties) {
    // Zod drops this name; here it is one like any other.
    const names = fc.string().filter((name) => name !== '__proto__');
    return fc.dictionary(names, likely(additionalProperties));
  }
  if (type === 'object') {
    const fields = Object.entries(properties).map(([name, value]) => {
      const arbitrary = likely(value);
      const present = required.includes(name)
        ? arbitrary
        : fc.option(arbitrary, { nil: undefined });
      return present.map((made) => (made === undefined ? [] : [[name, made] as const]));
    });
    return fc.tuple(...fields).map((made) => Object.fromEntries(made.flat()));
  }
  if (type === 'array') return fc.array(items ? likely(items) : wrong, { maxLength: 3 });
  if (type === 'integer') {
    return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 100 });
  }
  if (type === 'boolean') return fc.boolean();
  return fc.constantFrom(...(schema.enum ?? ['a', 'web', 'node-1', 'Web', '']));
}
