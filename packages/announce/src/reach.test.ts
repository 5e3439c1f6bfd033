import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type {
  Announcement,
  ClusterNode,
  ClusterState,
  NodeName,
  ServiceKey,
} from '@fairlead/cluster';
import { parseAddress, parsePrefix, type MacAddress, type Prefix } from '@fairlead/ip';
import { ReachIndex, type Reach } from './reach.ts';

type Interfaces = Readonly<Record<string, readonly string[]>>;

function node(
  name: string,
  interfaces: Interfaces | undefined,
  more: Partial<ClusterNode> = {},
): ClusterNode {
  const prefix = (text: string): Prefix => {
    const parsed = parsePrefix(text);
    assert.ok(parsed !== undefined, text);
    return parsed;
  };
  const report = interfaces && {
    interfaces: Object.entries(interfaces).map(([each, addresses]) => ({
      name: each,
      mac: '02:00:00:00:00:01' as MacAddress,
      addresses: addresses.map(prefix),
    })),
    landing: true,
    problems: [],
  };
  const plain = { labels: {}, addresses: [], ready: true, excluded: false };
  return { name: name as NodeName, ...plain, ...(report && { report }), ...more };
}

function announcement(name: string, more: Partial<Announcement>): Announcement {
  return {
    name,
    pools: [],
    serviceSelector: undefined,
    nodeSelector: undefined,
    interfaces: [],
    preferredNodes: undefined,
    ...more,
  };
}

const web = { key: 'default/web' as ServiceKey, labels: {} };

function index(nodes: readonly ClusterNode[], announcements: readonly Announcement[] = []) {
  const empty = { clusterId: 'test', services: [], pools: [], problems: [] };
  return new ReachIndex({ ...empty, nodes, announcements } satisfies ClusterState);
}

function reach(
  text: string,
  nodes: readonly ClusterNode[],
  announcements?: readonly Announcement[],
): Reach {
  const address = parseAddress(text);
  assert.ok(address !== undefined);
  return index(nodes, announcements).reachOf(web, address, 'lan');
}

const lan = [
  node('a', { eth0: ['192.0.2.11/24', 'fe80::1/64', '2001:db8::11/64'] }),
  node('b', { bond0: ['192.0.2.12/24'], eth1: ['198.51.100.12/24'] }),
];

describe('an address in a subnet of nodes', () => {
  it('is announced by ARP or NDP on all of them, by the interfaces that are there', () => {
    assert.deepEqual(reach('192.0.2.100', lan), {
      kind: 'reached',
      method: 'ARP',
      nodes: 2,
      interfaces: ['bond0', 'eth0'],
    });
    assert.deepEqual(reach('2001:db8::100', lan), {
      kind: 'reached',
      method: 'NDP',
      nodes: 1,
      interfaces: ['eth0'],
    });
  });

  it('is the same whether nodes are ready; an excluded one does not count', () => {
    const [a, b] = lan;
    assert.ok(a !== undefined && b !== undefined);
    const before = reach('192.0.2.100', lan);
    assert.deepEqual(reach('192.0.2.100', [a, { ...b, ready: false }]), before);
    const without = reach('192.0.2.100', [a, { ...b, excluded: true }]);
    assert.deepEqual(without.kind === 'reached' && without.nodes, 1);
  });
});

describe('an address that excluded nodes alone could answer for', () => {
  const label = 'node.kubernetes.io/exclude-from-external-load-balancers';
  const excluded = lan.map((each) => ({ ...each, labels: { [label]: '' }, excluded: true }));
  const told = `192.0.2.100 can be announced nowhere: every node that could (a, b) has the label ${label} or is being deleted. Remove the label (kubectl label node a b ${label}-).`;

  it('is announced nowhere, and one learns how to admit them', () => {
    assert.deepEqual(reach('192.0.2.100', excluded), { kind: 'nowhere', message: told });
  });

  it('is announced nowhere on interfaces that an Announcement names, for the same reason', () => {
    const named = [announcement('wide', { interfaces: ['eth0', 'bond0'] })];
    assert.deepEqual(reach('192.0.2.100', excluded, named), { kind: 'nowhere', message: told });
  });

  it('of those that a nodeSelector selects these are named', () => {
    const [a, b] = lan;
    assert.ok(a !== undefined && b !== undefined);
    const nodes = [{ ...a, labels: { rack: 'a' }, excluded: true }, b];
    const only = [announcement('one', { nodeSelector: { matchLabels: { rack: 'a' } } })];
    const found = reach('192.0.2.100', nodes, only);
    assert.match(found.kind === 'nowhere' ? found.message : '', /every node that could \(a\) has/u);
  });
});

describe('an address elsewhere', () => {
  it('is announced nowhere, and one learns which subnets there are', () => {
    const found = reach('203.0.113.1', lan);
    assert.ok(found.kind === 'nowhere');
    assert.match(
      found.message,
      /203\.0\.113\.1 lies in no subnet of a node: nodes have 192\.0\.2\.0\/24, 198\.51\.100\.0\/24/u,
    );
    const v6 = reach('2001:db8:9::1', [node('b', { eth0: ['192.0.2.12/24'] })]);
    assert.match(v6.kind === 'nowhere' ? v6.message : '', /no node has a subnet of IPv6/u);
  });

  it('is on-link neither by a single address nor by a link-local one', () => {
    assert.equal(reach('192.0.2.9', [node('a', { eth0: ['192.0.2.9/32'] })]).kind, 'nowhere');
    assert.equal(reach('fe80::9', [node('a', { eth0: ['fe80::1/64'] })]).kind, 'nowhere');
  });

  it('may be announced on interfaces that an Announcement names', () => {
    const named = [announcement('wide', { interfaces: ['eth*'] })];
    const found = reach('203.0.113.1', lan, named);
    assert.deepEqual(found.kind === 'reached' && [found.nodes, found.interfaces], [
      2,
      ['eth0', 'eth1'],
    ]);
    const wrong = reach('203.0.113.1', lan, [announcement('wide', { interfaces: ['ens*'] })]);
    assert.match(wrong.kind === 'nowhere' ? wrong.message : '', /spec\.interfaces \(ens\*\)/u);
  });
});

it('while no agent has reported nothing is known; of one that has not, nothing', () => {
  assert.deepEqual(reach('192.0.2.100', [node('a', undefined)]), { kind: 'unknown' });
  const some = reach('192.0.2.100', [node('c', undefined), ...lan]);
  assert.deepEqual(some.kind === 'reached' && some.nodes, 2);
});

it('an Announcement may leave nodes out, or all of them', () => {
  const racks = lan.map((each) => ({ ...each, labels: { rack: each.name } }));
  const only = (rack: string) => [announcement('one', { nodeSelector: { matchLabels: { rack } } })];
  const found = reach('192.0.2.100', racks, only('b'));
  assert.deepEqual(found.kind === 'reached' && found.interfaces, ['bond0']);
  const none = reach('192.0.2.100', racks, only('c'));
  assert.match(
    none.kind === 'nowhere' ? none.message : '',
    /spec\.nodeSelector of Announcement one/u,
  );
});

it('of two Announcements that select a Service the first by name counts, and the other is told once', () => {
  const both = [announcement('b', { interfaces: ['none'] }), announcement('a', {})];
  const found = index(lan, both);
  for (const address of ['192.0.2.100', '192.0.2.101'].flatMap(
    (text) => parseAddress(text) ?? [],
  )) {
    assert.equal(found.reachOf(web, address, 'lan').kind, 'reached');
  }
  assert.deepEqual(
    Array.from(found.shadows, ([name, { object }]) => [name, object]),
    [['b', 'Announcement/b']],
  );
});
