import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publishedAllocations } from '@fairlead/allocate';
import type {
  Announcement,
  ClusterState,
  Endpoint,
  LoadBalancerService,
  NodeName,
  ServiceKey,
} from '@fairlead/cluster';
import { parseRange, type IpAddress, type MacAddress } from '@fairlead/ip';
import type { InterfaceAddress, NetworkInterface } from '@fairlead/linux';
import * as fc from 'fast-check';
import { Rounds } from './round.ts';

const nodes = ['a', 'b', 'c'] as NodeName[];
const http = { name: '', protocol: 'TCP', port: 80 } as const;
const ranges = ['192.0.2.0/28', '198.18.0.0/24'].map((text) => {
  const parsed = parseRange(text);
  assert.ok(parsed.ok);
  const { family, first, last } = parsed.range;
  return { family, first, last, text, field: '' };
});

const endpoints: fc.Arbitrary<readonly Endpoint[]> = fc.uniqueArray(
  fc.record({
    address: fc.integer({ min: 1, max: 4 }).map((at) => `10.244.1.${at}` as IpAddress),
    node: fc.constantFrom(...nodes, 'gone' as NodeName, undefined),
    ready: fc.boolean(),
    serving: fc.boolean(),
    terminating: fc.boolean(),
    ports: fc.constant([{ ...http, port: 8080 }]),
  }),
  { selector: ({ address }) => address, maxLength: 3 },
);

/** Few addresses, so that Services share them, and one that is a node's. */
const addresses = fc.subarray(['192.0.2.1', '192.0.2.2', '192.0.2.11', '198.18.0.1']);

const service: fc.Arbitrary<LoadBalancerService> = fc
  .record({
    name: fc.constantFrom('v', 'w', 'x', 'y', 'z'),
    app: fc.constantFrom('front', 'back'),
    ports: fc.subarray([http, { name: 'u', protocol: 'UDP', port: 53 } as const]),
    affinitySeconds: fc.constantFrom(undefined, 90),
    endpoints,
    addresses,
  })
  .map(({ name, app, ports, affinitySeconds, endpoints: its, addresses: given }) => ({
    key: `default/${name}` as ServiceKey,
    namespace: 'default',
    name,
    labels: { app },
    families: [4],
    familyPolicy: 'SingleStack',
    externalTrafficPolicy: 'Cluster',
    sourceRanges: [],
    requestedAddresses: [],
    requestedPool: undefined,
    shareKey: undefined,
    published: {
      uid: name,
      addresses: given as IpAddress[],
      conditions: [
        {
          type: 'fairlead.dev/Allocated',
          status: 'True',
          reason: '',
          message: '',
          lastTransitionTime: '',
        },
      ],
    },
    ports,
    affinitySeconds,
    endpoints: its,
  }));

const front: Announcement = {
  name: 'front',
  pools: [],
  serviceSelector: { matchLabels: { app: 'front' } },
  nodeSelector: undefined,
  interfaces: [],
  preferredNodes: { matchLabels: { name: 'b' } },
};
const everything: Announcement = { ...front, name: 'everything', serviceSelector: undefined };

/** One thing that changes from a round to the next. */
type Change =
  | { readonly kind: 'service'; readonly service: LoadBalancerService }
  | { readonly kind: 'delete'; readonly name: string }
  | { readonly kind: 'announcements'; readonly announcements: readonly Announcement[] }
  | { readonly kind: 'nodes'; readonly nodes: readonly NodeName[] }
  | { readonly kind: 'addresses'; readonly texts: readonly string[] };

const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: service.map((each) => ({ kind: 'service' as const, service: each })) },
    fc.record({
      kind: fc.constant('delete' as const),
      name: fc.constantFrom('v', 'w', 'x', 'y', 'z'),
    }),
    fc.record({
      kind: fc.constant('announcements' as const),
      announcements: fc.subarray([front, everything]),
    }),
    fc.record({ kind: fc.constant('nodes' as const), nodes: fc.subarray(nodes) }),
    fc.record({
      kind: fc.constant('addresses' as const),
      texts: fc.subarray(['192.0.2.11', '198.18.0.11']),
    }),
  ),
  { minLength: 1, maxLength: 25 },
);

test('what is remembered of earlier rounds makes no difference', () => {
  fc.assert(
    fc.property(changes, (list) => {
      const remembering = roundsOf();
      let [state, texts] = [empty, ['192.0.2.11'] as readonly string[]];
      for (const change of list) {
        state = changed(state, change);
        if (change.kind === 'addresses') texts = change.texts;
        const facts = factsOf(texts);
        const round = remembering.decide({ ...facts, state });
        // Nothing is known of objects that were never seen before.
        const alone = roundsOf().decide({ ...facts, state: structuredClone(state) });
        assert.deepEqual(
          [round.announce, round.land, round.steer, round.problems],
          [alone.announce, alone.land, alone.steer, alone.problems],
        );
      }
    }),
  );
});

const empty: ClusterState = {
  clusterId: 'test',
  nodes: [],
  services: [],
  pools: [
    {
      name: 'lan',
      ranges,
      autoAssign: true,
      priority: undefined,
      namespaces: [],
      namespaceSelector: undefined,
      serviceSelector: undefined,
      skipEdges: false,
    },
  ],
  announcements: [],
  problems: [],
};

/** As `ClusterState` is made: what does not change stays the same object. */
function changed(state: ClusterState, change: Change): ClusterState {
  switch (change.kind) {
    case 'service': {
      const { key } = change.service;
      const others = state.services.filter((each) => each.key !== key);
      return { ...state, services: [...others, change.service] };
    }
    case 'delete':
      return { ...state, services: state.services.filter(({ name }) => name !== change.name) };
    case 'announcements':
      return { ...state, announcements: change.announcements };
    case 'nodes':
      return { ...state, nodes: change.nodes.map(nodeOf) };
    case 'addresses':
      return state;
    default:
      return change satisfies never;
  }
}

function nodeOf(name: NodeName, index: number): ClusterState['nodes'][number] {
  const own = `192.0.2.${11 + index}` as IpAddress;
  return { name, labels: { name }, addresses: [own], ready: true, excluded: false };
}

function roundsOf(): Rounds {
  return new Rounds({
    allocations: publishedAllocations,
    landingNodes: (state) => new Set(state.nodes.map(({ name }) => name)),
  });
}

function factsOf(texts: readonly string[]) {
  const device = { index: 2, name: 'eth0', mac: '52:54:00:00:00:01' as MacAddress };
  const interfaces = [
    { ...device, up: true, loopback: false, noArp: false, broadcast: true } as NetworkInterface,
  ];
  const held = texts.map((text) => ({
    interfaceIndex: 2,
    address: text as IpAddress,
    prefixLength: 24,
    scope: 'global',
    tentative: false,
    dadFailed: false,
    deprecated: false,
    linkLocal: false,
  }));
  const [self = 'a' as NodeName] = nodes;
  return { self, interfaces, addresses: held as InterfaceAddress[], interfaceGlobs: [] };
}
