import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  AddressPool,
  Allocations,
  Announcement,
  ClusterNode,
  ClusterState,
  LoadBalancerService,
  NodeName,
  ServiceKey,
} from '@fairlead/cluster';
import { sampleService } from '@fairlead/cluster/testing';
import { parseRange, type IpAddress, type MacAddress } from '@fairlead/ip';
import type { InterfaceAddress, NetworkInterface } from '@fairlead/linux';
import { decideAnnouncements, type AnnounceFacts } from './decide.ts';

const service = (name: string, labels = {}): LoadBalancerService => sampleService(name, { labels });

function node(name: string, ...addresses: string[]): ClusterNode {
  return {
    name: name as NodeName,
    labels: { rack: name },
    addresses: addresses as IpAddress[],
    ready: true,
    excluded: false,
  };
}

function pool(name: string, text: string): AddressPool {
  const parsed = parseRange(text);
  assert.ok(parsed.ok);
  return {
    name,
    ranges: [{ ...parsed.range, text, field: 'spec.addresses[0]' }],
    autoAssign: true,
    priority: undefined,
    namespaces: [],
    namespaceSelector: undefined,
    serviceSelector: undefined,
    skipEdges: false,
  };
}

function announcement(name: string, more: Partial<Announcement> = {}): Announcement {
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

function device(index: number, name: string, more: Partial<NetworkInterface> = {}) {
  return {
    index,
    name,
    mac: `02:00:00:00:00:0${index}` as MacAddress,
    up: true,
    carrier: true,
    loopback: false,
    noArp: false,
    broadcast: true,
    mtu: 1500,
    master: undefined,
    parent: undefined,
    kind: undefined,
    slaveKind: undefined,
    ...more,
  } satisfies NetworkInterface;
}

function held(interfaceIndex: number, address: string, prefixLength: number): InterfaceAddress {
  return {
    interfaceIndex,
    address: address as IpAddress,
    prefixLength,
    scope: 'global',
    tentative: false,
    dadFailed: false,
    deprecated: false,
    linkLocal: false,
  };
}

function allocations(...given: [string, string][]): Allocations {
  return new Map(
    given.map(([name, address]) => [
      `default/${name}` as ServiceKey,
      { addresses: [{ address: address as IpAddress, pool: 'lan' }], problems: [] },
    ]),
  );
}

const STATE: ClusterState = {
  clusterId: 'c1',
  nodes: [
    node('a', '192.0.2.11', '10.1.0.11'),
    node('b', '192.0.2.12', '10.1.0.12'),
    node('elsewhere', '198.51.100.7'),
  ],
  services: [service('web')],
  pools: [pool('lan', '192.0.2.100-192.0.2.120')],
  announcements: [],
  problems: [],
};

const FACTS: AnnounceFacts = {
  self: 'a' as NodeName,
  interfaces: [
    device(1, 'lo', { loopback: true }),
    device(2, 'eth0'),
    device(3, 'eth1'),
    device(4, 'veth1', { kind: 'veth' }),
  ],
  addresses: [held(2, '192.0.2.11', 24), held(3, '10.1.0.11', 16), held(4, '10.244.1.1', 32)],
  interfaceGlobs: [],
};

test('an address is announced on the interface in its subnet, with the peers of that subnet', () => {
  const { segments, problems } = decideAnnouncements(
    STATE,
    allocations(['web', '192.0.2.100']),
    FACTS,
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(segments, [
    {
      interfaceName: 'eth0',
      interfaceIndex: 2,
      mac: '02:00:00:00:00:02',
      ports: [2],
      twins: [],
      addresses: ['192.0.2.11'],
      peers: [{ node: 'b', addresses: ['192.0.2.12'] }],
      announcements: [{ id: 0, name: '', candidates: undefined, preferred: undefined }],
      claims: [{ address: '192.0.2.100', announcement: 0, services: ['default/web'] }],
    },
  ]);
});

test('the nodes of a segment agree before the first Service comes', () => {
  const { segments } = decideAnnouncements(STATE, new Map(), FACTS);
  assert.deepEqual(
    segments.map((segment) => [segment.interfaceName, segment.claims.length]),
    [['eth0', 0]],
  );
});

test('an address in no subnet of this node is a problem that says what the node has', () => {
  const { problems } = decideAnnouncements(STATE, allocations(['web', '203.0.113.1']), FACTS);
  assert.equal(problems.length, 1);
  assert.equal(problems[0]?.object, 'Service/default/web');
  assert.equal(problems[0]?.value, '203.0.113.1');
  assert.match(problems[0]?.message ?? '', /Node a has no address in the subnet of 203\.0\.113\.1/);
  assert.match(problems[0]?.message ?? '', /eth0 192\.0\.2\.0\/24, eth1 10\.1\.0\.0\/16/);
});

test('an Announcement that names interfaces needs no subnet and brings its own buckets', () => {
  const routed = announcement('routed', { interfaces: ['eth[12]'] });
  const { segments, problems } = decideAnnouncements(
    { ...STATE, announcements: [routed] },
    allocations(['web', '203.0.113.1']),
    FACTS,
  );
  assert.deepEqual(problems, []);
  const eth1 = segments.find((segment) => segment.interfaceName === 'eth1');
  assert.equal(eth1?.claims[0]?.announcement, eth1?.announcements[1]?.id);
  assert.notEqual(eth1?.claims[0]?.announcement, 0);
});

test('node selectors become candidates and preferred nodes of an Announcement', () => {
  const chosen = announcement('chosen', {
    nodeSelector: { matchExpressions: [{ key: 'rack', operator: 'In', values: ['a', 'b'] }] },
    preferredNodes: { matchLabels: { rack: 'b' } },
  });
  const { segments } = decideAnnouncements(
    { ...STATE, announcements: [chosen] },
    allocations(['web', '192.0.2.100']),
    FACTS,
  );
  const plan = segments[0]?.announcements[1];
  assert.deepEqual([plan?.candidates, plan?.preferred], [['a', 'b'], ['b']]);
});

test('of two Announcements the first by name counts and a problem names the other', () => {
  const { segments, problems } = decideAnnouncements(
    { ...STATE, announcements: [announcement('second'), announcement('first')] },
    allocations(['web', '192.0.2.100']),
    FACTS,
  );
  const plans = segments[0]?.announcements ?? [];
  const counts = plans.find((each) => each.id === segments[0]?.claims[0]?.announcement);
  assert.equal(counts?.name, 'first');
  assert.deepEqual(
    problems.map(({ object, value }) => [object, value]),
    [['Announcement/second', 'default/web']],
  );
});

test('on a bridge frames are judged at its uplink, answers carry the MAC of the bridge', () => {
  const bridged = {
    ...FACTS,
    interfaces: [
      device(2, 'br0', { kind: 'bridge' }),
      device(5, 'eno1', { master: 2 }),
      device(6, 'veth6', { master: 2, kind: 'veth' }),
    ],
  };
  const { segments } = decideAnnouncements(STATE, new Map(), bridged);
  assert.deepEqual(
    segments.map(({ interfaceName, mac, ports }) => [interfaceName, mac, ports]),
    [['br0', '02:00:00:00:00:02', [5]]],
  );
});

/** Two interfaces on the LAN, as of a laptop with Ethernet and Wi-Fi, and one elsewhere. */
const TWO_NICS: AnnounceFacts = {
  ...FACTS,
  interfaces: [device(2, 'wlan0'), device(3, 'eth0'), device(4, 'eth1')],
  addresses: [
    held(2, '192.0.2.21', 24),
    held(3, '192.0.2.11', 24),
    { ...held(2, 'fe80::2', 64), linkLocal: true },
    { ...held(3, 'fe80::3', 64), linkLocal: true },
    { ...held(4, 'fe80::4', 64), linkLocal: true },
    held(4, '10.1.0.11', 16),
  ],
};
const wlan0 = { name: 'wlan0', index: 2, mac: '02:00:00:00:00:02' };
const eth0 = { name: 'eth0', index: 3, mac: '02:00:00:00:00:03' };
const eth1 = { name: 'eth1', index: 4, mac: '02:00:00:00:00:04' };

test('of two interfaces in one subnet one takes part, and a problem names the other', () => {
  const { segments, interfaces, problems } = decideAnnouncements(
    STATE,
    allocations(['web', '192.0.2.100']),
    TWO_NICS,
  );
  assert.deepEqual(
    segments.map(({ interfaceName, twins, addresses, claims }) => [
      interfaceName,
      twins,
      addresses,
      claims.length,
    ]),
    [['eth0', [wlan0], ['192.0.2.11'], 1]],
  );
  // Both hold addresses that no pool may give away.
  assert.deepEqual(interfaces, [eth0, eth1, wlan0]);
  assert.deepEqual(
    problems.map(({ object, field, value }) => [object, field, value]),
    [['Node/a', 'interfaces', 'wlan0']],
  );
  assert.match(problems[0]?.message ?? '', /eth0 is in the same subnet.*--interface.*Announcement/);
});

test('which of two interfaces in one subnet takes part is always the same, and can be chosen', () => {
  const used = (state: Partial<ClusterState>, facts: Partial<AnnounceFacts> = {}) => {
    const plan = decideAnnouncements({ ...STATE, ...state }, new Map(), { ...TWO_NICS, ...facts });
    return {
      used: plan.segments.map(({ interfaceName, twins }) => [interfaceName, twins]),
      told: plan.problems.map(({ value }) => value),
    };
  };
  const named = [announcement('wifi', { interfaces: ['wlan*'] })];
  const backwards = TWO_NICS.interfaces.toReversed();
  const unknown = { nodes: [node('b', '192.0.2.12')] };
  const byNode = { used: [['eth0', [wlan0]]], told: ['wlan0'] };
  const byIndex = { used: [['wlan0', [eth0]]], told: ['eth0'] };
  assert.deepEqual(used({}, { interfaces: backwards }), byNode, 'by the Node’s addresses');
  assert.deepEqual(used(unknown, { interfaces: backwards }), byIndex, 'the first by index');
  assert.deepEqual(used({ announcements: named }), byIndex, 'by an Announcement');
  const both = [announcement('both', { interfaces: ['*'] })];
  assert.deepEqual(
    used({ announcements: both }).used[0],
    byNode.used[0],
    'by the Node’s addresses where an Announcement names both',
  );
  assert.deepEqual(
    used({ announcements: named }, { interfaceGlobs: ['eth*'] }),
    { used: byNode.used, told: [] },
    'by --interface; then nothing is wrong, and the other is still one of this network',
  );
});

test('a subnet inside another is the same network; one without addresses for Services is no problem', () => {
  const facts = { ...TWO_NICS, addresses: [held(3, '10.1.0.11', 8), held(4, '10.1.2.1', 24)] };
  const pools = [pool('lan', '10.0.0.100-10.0.0.120')];
  const state = { ...STATE, nodes: [node('a', '10.1.0.11')], pools };
  const { segments, problems } = decideAnnouncements(state, new Map(), facts);
  assert.deepEqual(
    segments.map(({ interfaceName, twins }) => [interfaceName, twins]),
    [['eth0', [eth1]]],
  );
  assert.deepEqual(problems, []);
});

test('two Services that share an address are one claim', () => {
  const { segments } = decideAnnouncements(
    { ...STATE, services: [service('web'), service('dns')] },
    allocations(['web', '192.0.2.100'], ['dns', '192.0.2.100']),
    FACTS,
  );
  assert.deepEqual(segments[0]?.claims, [
    { address: '192.0.2.100', announcement: 0, services: ['default/web', 'default/dns'] },
  ]);
});

test('interfaces that are down, excluded by name or whose address failed DAD are not used', () => {
  const unusable: [string, AnnounceFacts][] = [
    ['down', { ...FACTS, interfaces: [device(2, 'eth0', { up: false })] }],
    ['excluded', { ...FACTS, interfaceGlobs: ['wlan*'] }],
    ['failed', { ...FACTS, addresses: [{ ...held(2, '192.0.2.11', 24), dadFailed: true }] }],
  ];
  for (const [why, facts] of unusable) {
    assert.deepEqual(decideAnnouncements(STATE, new Map(), facts).segments, [], why);
  }
});

test('a peer is found by what its agent reports, on a network of which Kubernetes knows nothing', () => {
  const reported = (name: string, ...texts: readonly string[]): ClusterNode => ({
    ...node(name),
    report: {
      interfaces: [
        {
          name: 'eth0',
          mac: '02:00:00:00:01:00' as MacAddress,
          addresses: texts.map((text) => ({ family: 4, address: text as IpAddress, length: 24 })),
        },
      ],
      landing: true,
      problems: [],
    },
  });
  // The last has what this node has, as bridges for containers do: no way to it.
  const nodes = [node('a', '192.0.2.11'), reported('b', '192.0.2.12'), reported('c', '192.0.2.11')];
  const { segments } = decideAnnouncements({ ...STATE, nodes }, allocations(), FACTS);
  const lan = segments.find(({ addresses }) => addresses.includes('192.0.2.11' as IpAddress));
  assert.deepEqual(lan?.peers, [{ node: 'b', addresses: ['192.0.2.12'] }]);
});
