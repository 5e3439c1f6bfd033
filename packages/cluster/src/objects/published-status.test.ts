import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { service, type SampleObject } from '../conformance/sample-objects.ts';
import { problemsOf, readObject } from './read-object.ts';
import type { ReadOptions } from './read-options.ts';

const lastTransitionTime = '2026-01-01T00:00:00Z';
const condition = (type: string, status: string, message = '') => ({
  type,
  status,
  reason: 'Because',
  message,
  lastTransitionTime,
});
const allocated = condition('fairlead.dev/Allocated', 'True', 'From pool lan.');
const announced = condition('fairlead.dev/Announced', 'False', 'Nobody can.');

/** A Service as an API server has it. */
function stored(
  spec: object = {},
  conditions: readonly object[] = [allocated, announced],
): SampleObject {
  const sample = service('web', spec);
  return {
    ...sample,
    metadata: { ...sample.metadata, uid: 'u-1', creationTimestamp: lastTransitionTime },
    status: { loadBalancer: { ingress: [{ ip: '192.0.2.7', ipMode: 'VIP' }] }, conditions },
  };
}

function read(object: SampleObject, options: ReadOptions) {
  return readObject('Service', object, options);
}

function publishedIn(object: SampleObject, options: ReadOptions) {
  const { object: read_ } = read(object, options);
  assert.ok(read_?.kind === 'Service');
  return read_.value.published;
}

describe('the status of a Service', () => {
  it('is read from an API server, with the conditions that are ours', () => {
    const foreign = condition('example.com/Ready', 'True');
    const object = stored({}, [allocated, foreign, announced]);
    assert.deepEqual(publishedIn(object, { reader: 'controller' }), {
      uid: 'u-1',
      addresses: ['192.0.2.7'],
      conditions: [allocated, announced],
    });
  });

  it('is read whatever conditions are beside ours, and one of ours that is none says nothing', () => {
    const { lastTransitionTime: _, ...timeless } = condition('example.com/Ready', 'True');
    const odd = [
      { ...timeless, lastTransitionTime: null },
      condition('example.com/Sure', 'Perhaps'),
      'example.com/Ready',
      condition(announced.type, 'Perhaps'),
    ];
    const conditions = [...odd, allocated];
    for (const reader of ['controller', 'agent'] as const) {
      const published = publishedIn(stored({}, conditions as readonly object[]), { reader });
      assert.deepEqual(published?.addresses, ['192.0.2.7']);
      assert.deepEqual(
        published.conditions.map(({ type, status }) => [type, status]),
        [['fairlead.dev/Allocated', 'True']],
      );
    }
    const refused = read(stored({ ports: [{ port: 0 }] }, conditions as readonly object[]), {
      reader: 'controller',
    });
    assert.ok(refused.object?.kind === 'UnservedService');
    assert.deepEqual(refused.object.value.published.addresses, ['192.0.2.7']);
  });

  it('is for an agent no more than whose its addresses are', () => {
    const reader = 'agent';
    const published = publishedIn(stored(), { reader });
    assert.deepEqual(published?.addresses, ['192.0.2.7']);
    assert.deepEqual(
      published.conditions.map(({ type, status }) => [type, status]),
      [['fairlead.dev/Allocated', 'True']],
    );
    const otherWords = stored({}, [{ ...allocated, message: 'From pool dmz.' }]);
    assert.deepEqual(publishedIn(otherWords, { reader }), published);
    for (const conditions of [[], [announced], [condition(allocated.type, 'False')]]) {
      assert.deepEqual(publishedIn(stored({}, conditions), { reader })?.conditions, []);
    }
  });

  it('counts for nothing in a standalone file, even where kubectl printed it there', () => {
    assert.equal(publishedIn(stored(), {}), undefined);
  });

  it('that names hosts and no addresses has none', () => {
    const object = { ...stored(), status: { loadBalancer: { ingress: [{ hostname: 'a.test' }] } } };
    assert.deepEqual(publishedIn(object, { reader: 'controller' }), {
      uid: 'u-1',
      addresses: [],
      conditions: [],
    });
  });
});

describe('a Service that is not served', () => {
  it('is refused where something in it cannot be used', () => {
    const badRange = stored({ loadBalancerSourceRanges: ['198.51.100'] });
    const badShape = stored({ ports: [{ port: 0 }] });
    for (const [object, field] of [
      [badRange, 'spec.loadBalancerSourceRanges[0]'],
      [badShape, 'spec.ports[0].port'],
    ] as const) {
      const result = read(object, { reader: 'controller' });
      assert.ok(result.object?.kind === 'UnservedService');
      assert.deepEqual(result.object.value, {
        key: 'default/web',
        namespace: 'default',
        name: 'web',
        why: 'refused',
        published: { uid: 'u-1', addresses: ['192.0.2.7'], conditions: [allocated, announced] },
      });
      const [problem] = problemsOf(result);
      assert.deepEqual([problem?.object, problem?.field], ['Service/default/web', field]);
      assert.match(problem?.message ?? '', /The Service is not served until then\.$/u);
    }
  });

  it('is released where it was ours, as our conditions say', () => {
    for (const spec of [{ type: 'ClusterIP' }, { loadBalancerClass: 'example.com/other' }]) {
      const result = read(stored(spec), { reader: 'controller' });
      assert.ok(result.object?.kind === 'UnservedService');
      assert.equal(result.object.value.why, 'released');
      assert.equal(read(stored(spec), {}).object, undefined);
    }
    const required = { reader: 'controller', requireClass: true } as const;
    assert.ok(read(stored(), required).object?.kind === 'UnservedService');
  });

  it('is nobody of ours where it has no condition of ours, whatever is in it', () => {
    const bad = { type: 'ExternalName', externalName: 'a.test', ports: [] };
    const result = read(stored(bad, []), { reader: 'controller' });
    assert.deepEqual([result.object, result.faults], [undefined, []]);
  });

  it('is left alone where its status cannot be read: whose addresses are they?', () => {
    const object = { ...stored(), status: { loadBalancer: { ingress: 'all' } } };
    const result = read(object, { reader: 'controller' });
    assert.equal(result.object, undefined);
    assert.equal(result.faults[0]?.field, 'status.loadBalancer.ingress');
  });
});

it('whether a Service names our class is known', () => {
  for (const [spec, expected] of [
    [{ loadBalancerClass: 'fairlead.dev/lb' }, true],
    [{}, false],
  ] as const) {
    const { object } = read(stored(spec), { reader: 'controller' });
    assert.ok(object?.kind === 'Service');
    assert.equal(object.value.namesClass, expected);
  }
});

it('an API server names the families that there are: PreferDualStack may mean one', () => {
  const one = stored({ ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6'] });
  for (const [options, families] of [
    [{ reader: 'agent' }, [6]],
    [{}, [6, 4]],
  ] as const) {
    const { object } = read(one, options);
    assert.ok(object?.kind === 'Service');
    assert.deepEqual(object.value.families, families);
  }
});
