import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterState, PublishedStatus, ServiceKey } from '@fairlead/cluster';
import { serviceStatus } from './api-writes.ts';
import { conditionOf } from './findings.ts';
import { StatusBook } from './status-book.ts';
import { published, service } from '../testing/sample-service.ts';
import {
  afterWriting,
  allocated,
  decide,
  ip,
  node,
  now,
  pool,
  stateOf,
  unserved,
} from './testing/sample-round.ts';

const lan = pool('lan', ['192.0.2.100/32']);
const key = (name: string): ServiceKey => `default/${name}` as ServiceKey;

function changeOf(state: Partial<ClusterState>, name = 'web'): PublishedStatus | undefined {
  return decide(state).changes.get(key(name))?.after;
}

function saysOf(status: PublishedStatus | undefined, type: 'Allocated' | 'Announced') {
  const condition = status && conditionOf(status, `fairlead.dev/${type}`);
  return [condition?.status, condition?.reason];
}

describe('a new Service', () => {
  it('is told its address, where it comes from and where it is announced, in one change', () => {
    const nodes = [node('a', '192.0.2.11/24'), node('b', '192.0.2.12/24')];
    const state = { pools: [lan], services: [service('web')], nodes };
    const after = changeOf(state);
    assert.deepEqual(after, {
      uid: 'uid-of-web',
      addresses: [ip('192.0.2.100')],
      conditions: [
        {
          type: 'fairlead.dev/Allocated',
          status: 'True',
          reason: 'Allocated',
          message: '192.0.2.100 from pool lan.',
          lastTransitionTime: '2030-01-01T00:00:00Z',
        },
        {
          type: 'fairlead.dev/Announced',
          status: 'True',
          reason: 'Announced',
          message: '192.0.2.100 by ARP on 2 nodes (eth0).',
          lastTransitionTime: '2030-01-01T00:00:00Z',
        },
      ],
    });
  });

  it('changes nothing any more once that is written', () => {
    const state = { pools: [lan], services: [service('web'), service('waits')] };
    const written = afterWriting(state, decide(state));
    assert.equal(decide(written).changes.size, 0);
  });

  it('learns why it has none', () => {
    const cases = [
      [{}, 'NoAddressPool'],
      [{ pools: [pool('lan', ['2001:db8::/64'])] }, 'NoFreeAddress'],
      [{ pools: [lan], services: [service('web', { requestedPool: 'wan' })] }, 'RequestRefused'],
    ] as const;
    for (const [more, reason] of cases) {
      const after = changeOf({ services: [service('web')], ...more });
      assert.deepEqual(saysOf(after, 'Allocated'), ['False', reason]);
      assert.deepEqual(saysOf(after, 'Announced'), ['False', 'NotAllocated']);
      assert.deepEqual(after?.addresses, []);
    }
  });

  it('has one address of two where it prefers both', () => {
    const two = service('web', { families: [4, 6], familyPolicy: 'PreferDualStack' });
    const full = pool('six', ['2001:db8::1/128']);
    const holder = service('holder', {
      families: [6],
      published: allocated(['2001:db8::1'], { uid: 'other' }),
    });
    const after = changeOf({ pools: [lan, full], services: [holder, two] });
    assert.deepEqual(saysOf(after, 'Allocated'), ['True', 'AllocatedInPart']);
  });
});

describe('an address', () => {
  it('that is on its way counts as given: nobody else gets it', () => {
    const first = { pools: [lan], services: [service('web')] };
    const sent = decide(first).changes.get(key('web'))?.after;
    assert.ok(sent !== undefined);
    // The view does not show it yet, and an older Service appears that wants the same.
    const later = { pools: [lan], services: [service('older'), service('web')] };
    const { changes } = decide(later, { unseen: new Map([[key('web'), sent]]) });
    assert.equal(changes.has(key('web')), false);
    assert.deepEqual(changes.get(key('older'))?.after.addresses, []);
  });

  it('that the server shows is not given on before its release is written', () => {
    const two = pool('lan', ['192.0.2.100-192.0.2.101']);
    const web = service('web', {
      published: allocated(['192.0.2.100']),
      requestedAddresses: [ip('192.0.2.101')],
    });
    const other = service('other', { requestedAddresses: [ip('192.0.2.100')] });
    const book = new StatusBook();
    const state = stateOf({ pools: [two], services: [web, other] });
    const round = () => {
      book.observe(state, 0);
      const known = { unseen: book.unseen(), leaving: book.leaving() };
      const { changes, allocations } = decide(state, known);
      for (const [name, { before, after }] of changes) book.want(name, after, before);
      return allocations.get(key('other'))?.addresses.map(({ address }) => address);
    };
    assert.deepEqual(round(), []);
    assert.deepEqual(round(), []);
    const sent = book.send(key('web'));
    assert.deepEqual(sent?.after.addresses, [ip('192.0.2.101')]);
    book.written(key('web'), sent.after, 1_000);
    assert.deepEqual(round(), ['192.0.2.100']);
  });

  it('that another one of the same name had is forgotten with it', () => {
    const sent = allocated(['192.0.2.100'], { uid: 'gone' });
    const { changes } = decide(
      { pools: [lan], services: [service('web')] },
      { unseen: new Map([[key('web'), sent]]) },
    );
    assert.equal(changes.get(key('web'))?.after.uid, 'uid-of-web');
  });

  it('that whoever led before gave to a Service which we do not see yet is not given again', () => {
    const unseen = new Map([[key('unseen'), allocated(['192.0.2.100'])]]);
    const { changes } = decide({ pools: [lan], services: [service('web')] }, { unseen });
    assert.deepEqual(changes.get(key('web'))?.after.addresses, []);
  });

  it('that we gave stays, whatever pools could give now', () => {
    const wide = pool('lan', ['192.0.2.0/24']);
    const web = service('web', { published: allocated(['192.0.2.77']) });
    assert.deepEqual(changeOf({ pools: [wide], services: [web] })?.addresses, ['192.0.2.77']);
  });

  it('that somebody else wrote is adopted only where the class is ours', () => {
    const foreign = published({ addresses: [ip('192.0.2.77')] });
    const pools = [pool('lan', ['192.0.2.0/24'])];
    const ours = service('web', { published: foreign, namesClass: true });
    assert.deepEqual(changeOf({ pools, services: [ours] })?.addresses, ['192.0.2.77']);
    const anybodys = changeOf({ pools, services: [service('web', { published: foreign })] });
    assert.equal(anybodys?.addresses.length, 1);
    assert.notDeepEqual(anybodys.addresses, ['192.0.2.77']);
  });

  it('that somebody else wrote is no reason to write over and over what we cannot give', () => {
    const web = service('web', { published: published({ addresses: [ip('203.0.113.7')] }) });
    const state = { services: [web] };
    const decisions = decide(state);
    const after = decisions.changes.get(key('web'))?.after;
    assert.ok(after !== undefined);
    const seen = {
      services: [{ ...web, published: { ...after, addresses: [ip('203.0.113.7')] } }],
    };
    assert.equal(decide(seen).changes.size, 0);
  });
});

describe('a Service that is not served', () => {
  const problem = {
    object: 'Service/default/web',
    field: 'spec.loadBalancerSourceRanges[0]',
    value: '10.0.0.0/33',
    message: 'Not a network. Write one.',
  };

  it('keeps its address while something in it cannot be used, and says what', () => {
    const state = {
      pools: [lan],
      services: [service('other')],
      unservedServices: [unserved('web', 'refused', allocated(['192.0.2.100']))],
      problems: [problem],
    };
    const { changes } = decide(state);
    const after = changes.get(key('web'))?.after;
    assert.deepEqual(after?.addresses, ['192.0.2.100']);
    assert.deepEqual(saysOf(after, 'Allocated'), ['False', 'AddressKept']);
    assert.match(
      after?.conditions[0]?.message ?? '',
      /spec\.loadBalancerSourceRanges\[0\] "10\.0\.0\.0\/33": Not a network/u,
    );
    assert.deepEqual(changes.get(key('other'))?.after.addresses, []);
    assert.equal(decide(afterWriting(state, decide(state))).changes.size, 0);
    // Mended it is served as before.
    const mended = service('web', { published: after });
    assert.deepEqual(changeOf({ pools: [lan], services: [mended] })?.addresses, ['192.0.2.100']);
  });

  it('makes nothing ours that somebody else gave it', () => {
    const foreign = published({ addresses: [ip('192.0.2.100')] });
    const state = { pools: [lan], unservedServices: [unserved('web', 'refused', foreign)] };
    const { after } = decide(state).changes.get(key('web')) ?? {};
    assert.deepEqual(after?.addresses, []);
    assert.deepEqual(saysOf(after, 'Allocated'), ['False', 'Invalid']);
    // The server shows our words beside their address.
    const shown = { ...after, addresses: foreign.addresses };
    const refused = unserved('web', 'refused', shown);
    const other = decide({
      pools: [lan],
      services: [service('other')],
      unservedServices: [refused],
    }).changes.get(key('other'));
    assert.deepEqual(other?.after.addresses, [ip('192.0.2.100')]);
    // Mended, where we have nothing to give, it keeps that address, too.
    const mended = decide({ services: [service('web', { published: shown })] });
    const told = mended.changes.get(key('web'));
    assert.ok(told !== undefined);
    assert.equal(serviceStatus(told.before, told.after).loadBalancer, undefined);
  });

  it('loses address and conditions with our type or class, once', () => {
    const status = allocated(['192.0.2.100']);
    const state = { unservedServices: [unserved('web', 'released', status)] };
    const decisions = decide(state);
    assert.deepEqual(decisions.changes.get(key('web'))?.after, published());
    assert.equal(decide(afterWriting(state, decisions)).changes.size, 0);
  });
});

describe('what is said of the network', () => {
  const web = service('web', { published: allocated(['192.0.2.100']) });
  const conflict = (value: string) => ({
    object: 'Service/default/web',
    field: 'status.loadBalancer.ingress',
    value,
    message: 'The host with MAC address 02:00:00:00:00:99 uses it too.',
  });
  const announced = (...nodes: readonly ReturnType<typeof node>[]) =>
    saysOf(changeOf({ pools: [lan], services: [web], nodes }), 'Announced');

  it('follows what nodes have', () => {
    assert.deepEqual(announced(), ['Unknown', 'NoAgents']);
    assert.deepEqual(announced(node('a', '198.51.100.1/24')), ['False', 'NotOnLink']);
    assert.deepEqual(announced(node('a', '192.0.2.11/24')), ['True', 'Announced']);
  });

  it('names a foreign host, but not one that used an address that the Service has no more', () => {
    const seen = (value: string) =>
      announced(node('a', '192.0.2.11/24', { problems: [conflict(value)] }));
    assert.deepEqual(seen('192.0.2.100'), ['False', 'AddressConflict']);
    assert.deepEqual(seen('192.0.2.200'), ['True', 'Announced']);
  });

  it('no longer names what a node reported last before it failed', () => {
    const failed = node('a', '192.0.2.11/24', {
      ready: false,
      problems: [conflict('192.0.2.100')],
    });
    assert.deepEqual(announced(failed), ['True', 'Announced']);
  });

  it('does not change when a node is not ready, or says that it is not on the network', () => {
    const elsewhere = {
      ...conflict('192.0.2.100'),
      message: 'Node b has no address in the subnet of 192.0.2.100.',
    };
    const before = { pools: [lan], services: [web], nodes: [node('a', '192.0.2.11/24')] };
    const state = afterWriting(before, decide(before));
    for (const nodes of [
      [node('a', '192.0.2.11/24', { ready: false })],
      [node('a', '192.0.2.11/24', { problems: [elsewhere] })],
    ]) {
      assert.equal(decide({ ...state, nodes }).changes.size, 0);
    }
  });

  it('keeps the time of a status that stays, and dates one that changes', () => {
    const before = { pools: [lan], services: [web], nodes: [node('a', '192.0.2.11/24')] };
    const state = afterWriting(before, decide(before));
    const nodes = [node('a', '192.0.2.11/24'), node('b', '192.0.2.12/24')];
    const later = new Date(now.getTime() + 60_000);
    const more = decide({ ...state, nodes }, { now: later }).changes.get(key('web'))?.after;
    assert.equal(
      conditionOf(more ?? published(), 'fairlead.dev/Announced')?.lastTransitionTime,
      '2030-01-01T00:00:00Z',
    );
    const none = decide({ ...state, nodes: [] }, { now: later }).changes.get(key('web'))?.after;
    assert.equal(
      conditionOf(none ?? published(), 'fairlead.dev/Announced')?.lastTransitionTime,
      '2030-01-01T00:01:00Z',
    );
  });
});

it('Announcements that do not count are told', () => {
  const plain = {
    pools: [],
    serviceSelector: undefined,
    nodeSelector: undefined,
    interfaces: [],
    preferredNodes: undefined,
  };
  const { announcementProblems } = decide({
    pools: [lan],
    services: [service('web')],
    nodes: [node('a', '192.0.2.11/24')],
    announcements: [
      { ...plain, name: 'a' },
      { ...plain, name: 'b' },
    ],
  });
  assert.deepEqual(
    announcementProblems.map(({ object }) => object),
    ['Announcement/b'],
  );
});
