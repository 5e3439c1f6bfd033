import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { service } from '../conformance/sample-objects.ts';
import { readObject } from './read-object.ts';

function read(spec: object = {}, annotations: object = {}) {
  const { object, faults } = readObject('Service', service('web', spec, annotations), {});
  return { value: object?.kind === 'Service' ? object.value : undefined, faults };
}

describe('families of a Service, as the API server would fill them in', () => {
  const cases = [
    [{ ipFamilies: [] }, [4], 'SingleStack'],
    [{ ipFamilies: ['IPv6'] }, [6], 'SingleStack'],
    [{ ipFamilies: ['IPv6', 'IPv4'] }, [6, 4], 'RequireDualStack'],
    [{ ipFamilies: [], ipFamilyPolicy: 'PreferDualStack' }, [4, 6], 'PreferDualStack'],
    [{ ipFamilies: ['IPv6'], ipFamilyPolicy: 'RequireDualStack' }, [6, 4], 'RequireDualStack'],
    [{ ipFamilies: [], loadBalancerIP: '2001:db8::1' }, [6], 'SingleStack'],
  ] as const;
  for (const [spec, families, policy] of cases) {
    it(JSON.stringify(spec), () => {
      const { value, faults } = read(spec);
      assert.deepEqual([value?.families, value?.familyPolicy, faults], [families, policy, []]);
    });
  }

  it('are those of the requested addresses where none are named', () => {
    const annotations = { 'fairlead.dev/addresses': '2001:db8::1, 192.0.2.1' };
    const { value } = read({ ipFamilies: [] }, annotations);
    assert.deepEqual(value?.families, [6, 4]);
    assert.equal(value.familyPolicy, 'RequireDualStack');
  });

  it('are one under SingleStack, whatever is named', () => {
    const { value, faults } = read({ ipFamilies: ['IPv6', 'IPv4'], ipFamilyPolicy: 'SingleStack' });
    assert.deepEqual(value?.families, [6]);
    assert.equal(faults[0]?.field, 'spec.ipFamilies');
  });
});

describe('what a Service requests', () => {
  it('is taken from our annotation before the others, and a contradiction is named', () => {
    const { value, faults } = read(
      { loadBalancerIP: '192.0.2.3' },
      { 'fairlead.dev/addresses': '192.0.2.1', 'metallb.io/loadBalancerIPs': '192.0.2.1' },
    );
    assert.deepEqual(value?.requestedAddresses, ['192.0.2.1']);
    assert.equal(value.requestFields?.addresses, 'metadata.annotations[fairlead.dev/addresses]');
    assert.deepEqual(
      faults.map(({ field, value }) => [field, value]),
      [['spec.loadBalancerIP', '192.0.2.3']],
    );
  });

  it('is nothing where an annotation is empty', () => {
    const { value, faults } = read({}, { 'fairlead.dev/addresses': ' ', 'fairlead.dev/pool': '' });
    assert.deepEqual(
      [value?.requestedAddresses, value?.requestedPool, faults],
      [[], undefined, []],
    );
  });

  it('is not guessed where it cannot be read: no other address is given instead', () => {
    for (const text of ['192.0.2.300', '192.0.2.1,', '192.0.2.1,192.0.2.2', 'web']) {
      const { value, faults } = read({}, { 'metallb.io/loadBalancerIPs': text });
      assert.equal(value, undefined, text);
      assert.equal(faults[0]?.field, 'metadata.annotations[metallb.io/loadBalancerIPs]');
    }
  });
});

describe('a Service that would be unsafe to guess', () => {
  it('is left out when a source range cannot be read, never open to all', () => {
    const { value, faults } = read({
      loadBalancerSourceRanges: ['198.51.100.0/24', '203.0.113.0'],
    });
    assert.equal(value, undefined);
    assert.deepEqual(
      faults.map(({ field, value }) => [field, value]),
      [['spec.loadBalancerSourceRanges[1]', '203.0.113.0']],
    );
  });

  it('is left out when clients or endpoints could not tell two ports apart', () => {
    const same = { name: 'b', port: 80 };
    for (const second of [same, { name: 'a', port: 81 }]) {
      const { value, faults } = read({ ports: [{ name: 'a', port: 80 }, second] });
      assert.equal(value, undefined);
      assert.equal(faults.length, 1);
    }
    assert.ok(
      read({
        ports: [
          { name: 'a', port: 80 },
          { ...same, protocol: 'UDP' },
        ],
      }).value,
    );
  });
});

it('source ranges lose their host bits and the spaces around them', () => {
  const { value } = read({ loadBalancerSourceRanges: [' 198.51.100.7/24 '] });
  assert.deepEqual(value?.sourceRanges, [{ family: 4, address: '198.51.100.0', length: 24 }]);
});

it('affinity lasts three hours unless said otherwise', () => {
  assert.equal(read({ sessionAffinity: 'ClientIP' }).value?.affinitySeconds, 10_800);
  assert.equal(read().value?.affinitySeconds, undefined);
});
