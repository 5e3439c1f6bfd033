import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import {
  announcement,
  cluster,
  node,
  pool,
  service,
  slice,
} from '../../conformance/sample-objects.ts';
import type { SampleObject } from '../../conformance/sample-objects.ts';
import { matchesInterface } from '../../interface-globs.ts';
import type { ClusterState, Problem } from '../../state.ts';
import { readClusterText } from './read-cluster-text.ts';

function textOf(objects: readonly object[]): string {
  // Without quotes the key `<<` would merge.
  const options = { defaultKeyType: 'QUOTE_DOUBLE' } as const;
  return objects.map((object) => stringify(object, options)).join('---\n');
}

function read(text: string, requireClass = false): ClusterState {
  const result = readClusterText(text, { requireClass });
  assert.ok(result.ok, JSON.stringify(result.ok || result.problems));
  return result.state;
}

function stateOf(...objects: readonly SampleObject[]): ClusterState {
  return read(textOf([cluster(), ...objects]));
}

/** The only problem of these objects. */
function problemOf(...objects: readonly SampleObject[]): Problem {
  const { problems } = stateOf(...objects);
  assert.equal(problems.length, 1, JSON.stringify(problems));
  const [problem] = problems;
  assert.ok(problem !== undefined);
  return problem;
}

describe('a standalone file', () => {
  it('holds a cluster in a few lines', () => {
    const state = read(`
apiVersion: fairlead.dev/v1alpha1
kind: Cluster
metadata: { name: edge }
spec: { clusterId: edge-berlin, keyFile: membership.key }
---
apiVersion: fairlead.dev/v1alpha1
kind: AddressPool
metadata: { name: lan }
spec: { addresses: [192.0.2.200-192.0.2.239] }
---
apiVersion: v1
kind: Node
metadata: { name: node-1 }
status: { addresses: [{ type: InternalIP, address: 192.0.2.11 }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { type: LoadBalancer, ports: [{ port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: web, labels: { kubernetes.io/service-name: web } }
addressType: IPv4
endpoints: [{ addresses: [10.244.1.5], nodeName: node-1 }]
ports: [{ port: 8080 }]
`);
    assert.equal(state.clusterId, 'edge-berlin');
    assert.deepEqual(state.problems, []);
    assert.deepEqual(
      [state.pools, state.nodes, state.services, state.services[0]?.endpoints].map(
        (list) => list?.length,
      ),
      [1, 1, 1, 1],
    );
    assert.deepEqual(state.services[0]?.families, [4]);
  });

  it('may hold what kubectl prints: lists, of one kind or many, with fields that nobody reads', () => {
    const state = read(
      textOf([
        cluster(),
        {
          apiVersion: 'v1',
          kind: 'List',
          items: [{ ...service('web'), status: { loadBalancer: {} } }],
        },
        {
          apiVersion: 'v1',
          kind: 'NodeList',
          metadata: { resourceVersion: '1' },
          items: [{ metadata: { name: 'node-1', uid: 'x', creationTimestamp: null } }],
        },
      ]),
    );
    assert.deepEqual(state.problems, []);
    assert.deepEqual([state.services.length, state.nodes.length], [1, 1]);
  });

  it('may be JSON, and may use anchors and merges', () => {
    assert.equal(read(JSON.stringify({ kind: 'List', items: [cluster()] })).clusterId, 'test');
    const state = read(
      `${textOf([cluster()])}---\nkind: List\nitems:\n- &a\n  apiVersion: v1\n  kind: Node\n  metadata: {name: a}\n- <<: *a\n  metadata: {name: b}\n`,
    );
    assert.deepEqual(
      state.nodes.map(({ name }) => name),
      ['a', 'b'],
    );
  });

  it('gives the same state in whatever order its objects stand', () => {
    const objects = [
      cluster(),
      pool('lan', ['192.0.2.0/28']),
      pool('more', ['198.51.100.0/24']),
      announcement('front', { pools: ['lan'] }),
      node('node-1', []),
      node('node-2', []),
      service('web'),
      service('dns'),
      slice('dns-1', 'dns', [{ port: 53 }], [{ addresses: ['10.244.1.1'] }]),
      slice('web-1', 'web', [{ port: 80 }], [{ addresses: ['10.244.1.2'] }]),
      slice(
        'web-2',
        'web',
        [{ port: 80 }],
        [{ addresses: ['10.244.1.2'], conditions: { ready: false } }],
      ),
    ];
    const { pools, ...expected } = read(textOf(objects));
    fc.assert(
      fc.property(fc.shuffledSubarray(objects, { minLength: objects.length }), (shuffled) => {
        const { pools: shuffledPools, ...state } = read(textOf(shuffled));
        assert.deepEqual(state, expected);
        assert.deepEqual(new Set(shuffledPools), new Set(pools));
      }),
      { numRuns: 30 },
    );
  });

  it('orders Services by their age, those without one last, then by name', () => {
    const aged = (name: string, creationTimestamp: string | undefined): SampleObject => {
      const made = service(name);
      return { ...made, metadata: { ...made.metadata, creationTimestamp } };
    };
    const state = stateOf(
      aged('d', undefined),
      aged('c', '2026-01-02T00:00:00Z'),
      aged('b', '2026-01-01T00:00:00Z'),
      aged('a', '2026-01-02T00:00:00Z'),
    );
    assert.deepEqual(
      state.services.map(({ name }) => name),
      ['b', 'a', 'c', 'd'],
    );
  });

  it('leaves Services without a class alone where the class is required', () => {
    const text = textOf([
      cluster(),
      service('a'),
      service('b', { loadBalancerClass: 'fairlead.dev/lb' }),
    ]);
    assert.deepEqual(
      read(text, true).services.map(({ name }) => name),
      ['b'],
    );
  });
});

describe('a standalone file with a mistake', () => {
  const cases: readonly {
    readonly what: string;
    readonly objects: readonly SampleObject[];
    readonly problem: Omit<Problem, 'message'> & { readonly message: RegExp };
  }[] = [
    {
      what: 'a range with its ends exchanged',
      objects: [pool('lan', ['192.0.2.0/28', '192.0.2.40-192.0.2.30'])],
      problem: {
        object: 'AddressPool/lan',
        field: 'spec.addresses[1]',
        value: '192.0.2.40-192.0.2.30',
        message: /write 192\.0\.2\.30-192\.0\.2\.40/u,
      },
    },
    {
      what: 'a network with host bits',
      objects: [pool('lan', ['192.0.2.1/28'])],
      problem: {
        object: 'AddressPool/lan',
        field: 'spec.addresses[0]',
        value: '192.0.2.1/28',
        message: /the network is 192\.0\.2\.0\/28/u,
      },
    },
    {
      what: 'a range of two families',
      objects: [pool('lan', ['192.0.2.1-2001:db8::1'])],
      problem: {
        object: 'AddressPool/lan',
        field: 'spec.addresses[0]',
        value: '192.0.2.1-2001:db8::1',
        message: /a range has one family/u,
      },
    },
    {
      what: 'a range of addresses that no Service can have',
      objects: [pool('lan', ['fe80::/64'])],
      problem: {
        object: 'AddressPool/lan',
        field: 'spec.addresses[0]',
        value: 'fe80::/64',
        message: /link-local \(fe80::\/10\)/u,
      },
    },
    {
      what: 'a pool that overlaps an earlier one',
      objects: [pool('z', ['192.0.2.0/28']), pool('a', ['192.0.2.15-192.0.2.31'])],
      problem: {
        object: 'AddressPool/a',
        field: 'spec.addresses[0]',
        value: '192.0.2.15-192.0.2.31',
        message: /Shares 192\.0\.2\.15 with AddressPool\/z \(192\.0\.2\.0\/28\)/u,
      },
    },
    {
      what: 'a pool that overlaps itself',
      objects: [pool('lan', ['192.0.2.0/28', '192.0.2.0/24'])],
      problem: {
        object: 'AddressPool/lan',
        field: 'spec.addresses[1]',
        value: '192.0.2.0/24',
        message: /Shares 192\.0\.2\.0-192\.0\.2\.15 with spec\.addresses\[0\]/u,
      },
    },
    {
      what: 'an unknown field',
      objects: [pool('lan', ['192.0.2.0/28'], { avoidBuggyIPs: true })],
      problem: {
        object: 'AddressPool/lan',
        field: 'spec.avoidBuggyIPs',
        value: 'true',
        message: /Unknown field.*use one of: addresses.*not used until then/u,
      },
    },
    {
      what: 'two nodes with one address',
      objects: ['node-1', 'node-2'].map((name) =>
        node(name, [{ type: 'InternalIP', address: '192.0.2.11' }]),
      ),
      problem: {
        object: 'Node/node-2',
        field: 'status.addresses',
        value: '192.0.2.11',
        message: /of Node\/node-1 too/u,
      },
    },
    {
      what: 'a node address that is none',
      objects: [node('node-1', [{ type: 'InternalIP', address: '192.0.2.256' }])],
      problem: {
        object: 'Node/node-1',
        field: 'status.addresses[0].address',
        value: '192.0.2.256',
        message: /Not an IP address/u,
      },
    },
    {
      what: 'a slice without the label',
      objects: [{ ...slice('web', '', [], []), metadata: { name: 'web' } }],
      problem: {
        object: 'EndpointSlice/default/web',
        field: 'metadata.labels[kubernetes.io/service-name]',
        value: '',
        message: /belongs to no Service/u,
      },
    },
    {
      what: 'a slice of a Service that is not there',
      objects: [slice('web', 'wbe', [], [])],
      problem: {
        object: 'EndpointSlice/default/web',
        field: 'metadata.labels[kubernetes.io/service-name]',
        value: 'wbe',
        message: /no Service\/default\/wbe/u,
      },
    },
    {
      what: 'an endpoint of the other family',
      objects: [service('web'), slice('web', 'web', [], [{ addresses: ['2001:db8::1'] }])],
      problem: {
        object: 'EndpointSlice/default/web',
        field: 'endpoints[0].addresses[0]',
        value: '2001:db8::1',
        message: /Not an IPv4 address/u,
      },
    },
    {
      what: 'an object twice',
      objects: [service('web'), service('web')],
      problem: {
        object: 'Service/default/web',
        field: 'metadata.name',
        value: 'web',
        message: /twice; the first counts/u,
      },
    },
    {
      what: 'a second Cluster',
      objects: [cluster()],
      problem: {
        object: 'Cluster/test',
        field: 'kind',
        value: 'Cluster',
        message: /A second Cluster/u,
      },
    },
    {
      what: 'a kind of somebody else',
      objects: [
        { apiVersion: 'metallb.io/v1beta1', kind: 'IPAddressPool', metadata: { name: 'a' } },
      ],
      problem: {
        object: 'IPAddressPool/a',
        field: 'kind',
        value: 'IPAddressPool',
        message: /correct the kind to one of: AddressPool/u,
      },
    },
    {
      what: 'another version',
      objects: [{ ...pool('lan', []), apiVersion: 'fairlead.dev/v1' }],
      problem: {
        object: 'AddressPool/lan',
        field: 'apiVersion',
        value: 'fairlead.dev/v1',
        message: /Write fairlead\.dev\/v1alpha1/u,
      },
    },
    {
      what: 'a report that only agents write',
      objects: [
        { apiVersion: 'fairlead.dev/v1alpha1', kind: 'NodeReport', metadata: { name: 'a' } },
      ],
      problem: {
        object: 'NodeReport/a',
        field: 'kind',
        value: 'NodeReport',
        message: /Only agents/u,
      },
    },
    {
      what: 'an object without a name',
      objects: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          metadata: {},
          spec: { ports: [{ port: 1 }] },
        } as never,
      ],
      problem: {
        object: 'Service/default/? (object 2 of the file)',
        field: 'metadata.name',
        value: '',
        message: /Missing/u,
      },
    },
    {
      what: 'an announcement of a pool that is not there',
      objects: [announcement('front', { pools: ['lan'] })],
      problem: {
        object: 'Announcement/front',
        field: 'spec.pools[0]',
        value: 'lan',
        message: /no AddressPool of this name/u,
      },
    },
    {
      what: 'a pattern of interfaces that is none',
      objects: [announcement('front', { interfaces: ['eth[0'] })],
      problem: {
        object: 'Announcement/front',
        field: 'spec.interfaces[0]',
        value: 'eth[0',
        message: /Close each \[/u,
      },
    },
    {
      what: 'a selector without values',
      objects: [
        pool('lan', ['192.0.2.0/28'], {
          serviceSelector: { matchExpressions: [{ key: 'app', operator: 'In' }] },
        }),
      ],
      problem: {
        object: 'AddressPool/lan',
        field: 'spec.serviceSelector.matchExpressions[0].values',
        value: '',
        message: /In needs values/u,
      },
    },
  ];
  for (const { what, objects, problem: expected } of cases) {
    it(`says so: ${what}`, () => {
      const { message, object, field, value } = problemOf(...objects);
      const { message: pattern, ...rest } = expected;
      assert.deepEqual({ object, field, value }, rest);
      assert.match(message, pattern);
    });
  }

  it('uses all the rest', () => {
    const state = stateOf(
      pool('swapped', ['192.0.2.9-192.0.2.1']),
      pool('bad', ['nonsense']),
      pool('half', ['198.51.100.0/24', 'nonsense']),
      { ...service('bad'), spec: 'nonsense' },
      service('good'),
    );
    assert.deepEqual(
      state.pools.map(({ name, ranges }) => [name, ranges.length]),
      [
        ['swapped', 1],
        ['bad', 0],
        ['half', 1],
      ],
    );
    assert.deepEqual(
      state.services.map(({ name }) => name),
      ['good'],
    );
    assert.equal(state.problems.length, 4);
  });

  it('uses an Announcement whose only pattern is none, and it matches no interface', () => {
    const nodeSelector = { matchLabels: { rack: '1' } };
    const [front] = stateOf(
      announcement('front', { interfaces: ['bond[0-9'], nodeSelector }),
    ).announcements;
    assert.deepEqual(front?.nodeSelector, nodeSelector);
    assert.deepEqual(front.interfaces, ['bond[0-9']);
    assert.equal(matchesInterface(front.interfaces, 'bond0'), false);
  });

  it('cannot be used without a Cluster object', () => {
    const result = readClusterText(textOf([service('web')]), { fileName: 'edge.yaml' });
    assert.ok(!result.ok);
    assert.deepEqual(
      result.problems.map(({ object }) => object),
      ['File/edge.yaml'],
    );
    assert.match(result.problems[0]?.message ?? '', /Add one with spec\.clusterId/u);
  });

  it('does not print what may be a key', () => {
    const secret = 'c2VjcmV0IHNlY3JldCBzZWNyZXQ=';
    const spoilt = { ...cluster(), spec: { clusterId: 'a', key: secret } };
    const pasted = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'a' },
      data: { key: secret },
    };
    const broken = `${textOf([cluster()])}---\nkey: [${secret}\nkey: ]`;
    for (const text of [textOf([spoilt]), textOf([cluster(), pasted]), broken, secret]) {
      const result = readClusterText(text);
      const problems = result.ok ? result.state.problems : result.problems;
      assert.ok(problems.length > 0);
      assert.ok(!JSON.stringify(problems).includes(secret), text);
    }
  });
});

describe('reading a standalone file', () => {
  it('never throws on broken or hostile YAML', () => {
    const hostile = [
      '',
      '\u0000',
      'a: b: c',
      '- [',
      '%YAML 9.9\n---\na',
      '*nowhere',
      '&a [*a]',
      '&a {kind: List, items: [*a, *a]}',
      '? {a: b}\n: c',
      '<<: 5',
      '!!binary x',
      '!<!> x',
      '['.repeat(3000),
      '{a: '.repeat(3000),
      `a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c]`,
      'kind: __proto__\napiVersion: v1',
      '__proto__: {kind: Service}\napiVersion: v1',
      'kind: constructor',
      '{kind: Service, apiVersion: v1, metadata: {name: {toString: 1}}}',
    ];
    for (const text of hostile) {
      for (const whole of [text, `${textOf([cluster()])}---\n${text}`]) readClusterText(whole);
    }
  });

  it('never throws, whatever documents it holds', () => {
    const kinds = [
      'AddressPool',
      'Announcement',
      'Cluster',
      'EndpointSlice',
      'Namespace',
      'Node',
      'Service',
      'List',
    ];
    const versions = ['v1', 'fairlead.dev/v1alpha1', 'discovery.k8s.io/v1'];
    const anything = fc.jsonValue({ maxDepth: 4 });
    const documents = fc.array(
      fc.record(
        {
          apiVersion: fc.constantFrom(...versions),
          kind: fc.constantFrom(...kinds),
          metadata: fc.oneof(
            anything,
            fc.record({ name: fc.constantFrom('a', 'b'), labels: anything }),
          ),
          spec: anything,
          status: anything,
          items: anything,
        },
        { requiredKeys: [] },
      ),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(documents, (objects) => {
        const result = readClusterText(textOf([cluster(), ...objects]));
        assert.ok(result.ok);
        for (const { object, message } of result.state.problems) {
          assert.ok(object !== '' && message !== '');
        }
      }),
    );
  });

  it('never throws on a good file with a piece cut out or changed', () => {
    const text = textOf([
      cluster(),
      pool('lan', ['192.0.2.0/28'], { priority: 1, namespaces: ['a'] }),
      service('web', {}, { 'fairlead.dev/addresses': '192.0.2.1, 2001:db8::1' }),
      slice('web-1', 'web', [{ port: 80 }], [{ addresses: ['10.244.1.2'] }]),
      node('node-1', [{ type: 'InternalIP', address: '192.0.2.11' }]),
    ]);
    const cut = fc.record({
      at: fc.nat(text.length),
      length: fc.nat(40),
      put: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 8 }),
        fc.constantFrom(': ', '- ', '\n', '---\n', '*a', '&a ', '{', ']', '"'),
      ),
    });
    fc.assert(
      fc.property(cut, ({ at, length, put }) => {
        readClusterText(text.slice(0, at) + put + text.slice(at + length));
      }),
      { numRuns: 100 },
    );
  });
});
