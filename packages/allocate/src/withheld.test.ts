import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceKey } from '@fairlead/cluster';
import { sampleService as service } from '@fairlead/cluster/testing';
import { allocate } from './allocate.ts';
import { poolUsages } from './pool-usage.ts';
import { addressesIn, ip, node, pool, stateOf } from './testing/sample-state.ts';

const two = pool('lan', ['192.0.2.4-192.0.2.5']);
const holding = (name: string, ...addresses: readonly string[]) =>
  new Map([[`default/${name}` as ServiceKey, addresses.map(ip)]]);

describe('an address that a Service which is not served keeps', () => {
  const reserved = holding('broken', '192.0.2.4');

  it('is given to nobody, and who asks for it learns who has it', () => {
    const services = [service('a'), service('b', { requestedAddresses: [ip('192.0.2.4')] })];
    const allocations = allocate(stateOf([two], services), new Map(), { reserved });
    assert.deepEqual(addressesIn(allocations), { a: ['192.0.2.5'], b: [] });
    const [problem] = allocations.get('default/b' as ServiceKey)?.problems ?? [];
    assert.match(problem?.message ?? '', /Is held by Service\/default\/broken/u);
  });

  it('stays with who shares it', () => {
    const sharing = holding('a', '192.0.2.4');
    const allocations = allocate(stateOf([two], [service('a')]), sharing, { reserved });
    assert.deepEqual(addressesIn(allocations), { a: ['192.0.2.4'] });
  });

  it('does not matter where no pool holds it any more', () => {
    const elsewhere = holding('broken', '198.51.100.1');
    const allocations = allocate(stateOf([two], [service('a')]), new Map(), {
      reserved: elsewhere,
    });
    assert.equal(allocations.get('default/a' as ServiceKey)?.addresses.length, 1);
  });
});

describe('an address that a status shows and that its Service is to lose', () => {
  const shown = holding('a', '192.0.2.4');
  const mover = service('a', { requestedAddresses: [ip('192.0.2.5')] });

  it('is given to nobody else, asked for or not, while its Service gets another', () => {
    const wide = pool('lan', ['192.0.2.4-192.0.2.6']);
    const others = [service('b'), service('c', { requestedAddresses: [ip('192.0.2.4')] })];
    const allocations = allocate(stateOf([wide], [mover, ...others]), shown);
    assert.deepEqual(addressesIn(allocations), { a: ['192.0.2.5'], b: ['192.0.2.6'], c: [] });
  });

  it('is taken back by its Service alone', () => {
    const both = new Map([['default/a' as ServiceKey, ['192.0.2.5', '192.0.2.4'].map(ip)]]);
    const back = service('a', { requestedAddresses: [ip('192.0.2.4')] });
    const allocations = allocate(stateOf([two], [back, service('b')]), both);
    assert.deepEqual(addressesIn(allocations), { a: ['192.0.2.4'], b: [] });
  });

  it('is kept from others also where a Service that requires both families gives up both', () => {
    const pair = service('a', { families: [4, 6], familyPolicy: 'RequireDualStack' });
    const asks = service('b', { requestedAddresses: [ip('192.0.2.4')] });
    const allocations = allocate(stateOf([two], [pair, asks]), shown);
    assert.deepEqual(addressesIn(allocations), { a: [], b: [] });
  });

  it('stays with who shares it; who comes joins its Service at the new one', () => {
    const port = (number: number) => [{ name: '', protocol: 'TCP', port: number }] as const;
    const share = { shareKey: 'k' };
    const [a, b, c] = [
      service('a', { ...share, ports: port(80), requestedAddresses: [ip('192.0.2.5')] }),
      service('b', { ...share, ports: port(81) }),
      service('c', { ...share, ports: port(82) }),
    ];
    const assigned = new Map([...shown, ...holding('b', '192.0.2.4')]);
    const stays = allocate(stateOf([two], [a, b]), assigned);
    assert.deepEqual(addressesIn(stays), { a: ['192.0.2.5'], b: ['192.0.2.4'] });
    const joins = allocate(stateOf([two], [a, c]), shown);
    assert.deepEqual(addressesIn(joins), { a: ['192.0.2.5'], c: ['192.0.2.5'] });
  });
});

describe('an address that was freed a short time ago', () => {
  const cooling = new Map([[ip('192.0.2.4'), 'default/gone' as ServiceKey]]);
  const given = (name: string, more = {}) => {
    const state = stateOf([pool('lan', ['192.0.2.4/32'])], [service(name, more)]);
    return addressesIn(allocate(state, new Map(), { cooling }))[name];
  };

  it('is given to nobody else unasked', () => assert.deepEqual(given('web'), []));
  it('is given back to who had it', () => assert.deepEqual(given('gone'), ['192.0.2.4']));
  it('is given to who requests it', () =>
    assert.deepEqual(given('web', { requestedAddresses: [ip('192.0.2.4')] }), ['192.0.2.4']));
});

describe('how full a pool is', () => {
  it('counts what it can give, and each address that is held once', () => {
    const lan = pool('lan', ['192.0.2.0/29', '2001:db8::/64']);
    const shared = { shareKey: 'k', requestedAddresses: [ip('192.0.2.6')] };
    const services = [
      service('a', { ...shared, ports: [{ name: '', protocol: 'TCP', port: 80 }] }),
      service('b', { ...shared, ports: [{ name: '', protocol: 'TCP', port: 443 }] }),
      service('c', { families: [4, 6], familyPolicy: 'RequireDualStack' }),
    ];
    const state = stateOf([lan, pool('empty', [])], services, {
      nodes: [node('node-1', '192.0.2.1')],
    });
    const reserved = holding('broken', '192.0.2.7');
    const allocations = allocate(state, new Map(), { reserved });
    assert.deepEqual(
      poolUsages(state, allocations, reserved),
      new Map([
        ['empty', { 4: undefined, 6: undefined }],
        ['lan', { 4: { total: 7n, used: 3 }, 6: { total: 2n ** 64n, used: 1 } }],
      ]),
    );
  });
});
