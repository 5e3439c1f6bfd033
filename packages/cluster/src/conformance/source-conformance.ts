import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClusterState } from '../state.ts';
import { address, announcement, node, pool, service, slice } from './sample-objects.ts';
import type { SampleObject } from './sample-objects.ts';
import { Newest } from './newest.ts';

/** A source of cluster state whose objects a test can set. */
export interface SourceUnderTest extends AsyncDisposable {
  /** Makes the source hold these objects, and no others of their kinds. */
  put(objects: readonly SampleObject[]): Promise<void>;
  /** Calls back with each new state, and at once with the present one if there is one. */
  subscribe(onState: (state: ClusterState) => void): void;
}

/**
 * What every source of cluster state does, be it a file or an API server: run it in the source's test.
 * The objects are such that a real API server takes them.
 */
export function sourceConformance(name: string, makeSource: () => Promise<SourceUnderTest>): void {
  const test = (
    title: string,
    body: (source: SourceUnderTest, view: Newest<ClusterState>) => Promise<void>,
  ): void => {
    void it(title, async () => {
      await using source = await makeSource();
      const view = new Newest<ClusterState>();
      source.subscribe((state) => view.add(state));
      await body(source, view);
    });
  };

  void describe(`a source of cluster state: ${name}`, () => {
    test('joins a Service with the endpoints of all its slices', async (source, view) => {
      const web = service('web', { ports: [{ name: 'http', port: 80 }] });
      const port = { name: 'http', port: 8080 };
      await source.put([
        web,
        slice('web-1', 'web', [port], [{ addresses: ['10.244.1.5'], nodeName: 'node-1' }]),
        slice(
          'web-2',
          'web',
          [port],
          [{ addresses: ['10.244.2.5'], nodeName: 'node-2', conditions: { ready: false } }],
        ),
        slice('other-1', 'other', [port], [{ addresses: ['10.244.3.5'] }]),
      ]);
      const state = await view.until('two endpoints', ({ services }) =>
        services.some(({ endpoints }) => endpoints.length === 2),
      );
      assert.deepEqual(
        state.services.map(({ key }) => key),
        ['default/web'],
      );
      assert.deepEqual(state.services[0]?.endpoints, [
        {
          address: '10.244.1.5',
          node: 'node-1',
          ready: true,
          serving: true,
          terminating: false,
          ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
        },
        {
          address: '10.244.2.5',
          node: 'node-2',
          ready: false,
          serving: true,
          terminating: false,
          ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
        },
      ]);
    });

    test('has an endpoint once that is in two slices, in its better condition', async (source, view) => {
      const moving = (ready: boolean) => [
        { addresses: ['10.244.1.5'], nodeName: 'node-1', conditions: { ready } },
      ];
      await source.put([
        service('web'),
        slice('web-1', 'web', [{ port: 8080 }], moving(false)),
        slice('web-2', 'web', [{ port: 8080 }], moving(true)),
      ]);
      const state = await view.until('a ready endpoint', ({ services }) =>
        services.some(({ endpoints }) => endpoints.some(({ ready }) => ready)),
      );
      assert.equal(state.services[0]?.endpoints.length, 1);
    });

    test('sees a pod come, terminate and go', async (source, view) => {
      const pod = (conditions: object) => [
        service('web'),
        slice('web-1', 'web', [{ port: 8080 }], [{ addresses: ['10.244.1.5'], conditions }]),
      ];
      const endpoints = (state: ClusterState) => state.services[0]?.endpoints ?? [];
      await source.put(pod({ ready: true }));
      await view.until('ready', (state) => endpoints(state).some(({ ready }) => ready));
      await source.put(pod({ ready: false, serving: true, terminating: true }));
      await view.until('terminating', (state) =>
        endpoints(state).some(
          ({ ready, serving, terminating }) => !ready && serving && terminating,
        ),
      );
      await source.put([service('web')]);
      await view.until('gone', (state) => endpoints(state).length === 0);
    });

    test('takes Services of type LoadBalancer and of our class or none', async (source, view) => {
      await source.put([
        service('ours', { loadBalancerClass: 'fairlead.dev/lb' }),
        service('unclaimed'),
        service('theirs', { loadBalancerClass: 'example.com/other' }),
        service('inside', { type: 'ClusterIP' }),
      ]);
      const state = await view.until('two Services', ({ services }) => services.length === 2);
      const names = state.services.map(({ name }) => name);
      assert.deepEqual(names.sort(), ['ours', 'unclaimed']);
    });

    test('forgets a Service that is deleted', async (source, view) => {
      await source.put([service('one'), service('two')]);
      await view.until('two Services', ({ services }) => services.length === 2);
      await source.put([service('two')]);
      const state = await view.until('one Service', ({ services }) => services.length === 1);
      assert.equal(state.services[0]?.name, 'two');
    });

    test('reads what a Service says about its clients', async (source, view) => {
      await source.put([
        service('web', {
          externalTrafficPolicy: 'Local',
          sessionAffinity: 'ClientIP',
          sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
          loadBalancerSourceRanges: ['198.51.100.0/24'],
        }),
      ]);
      const state = await view.until('the Service', ({ services }) => services.length === 1);
      const [web] = state.services;
      assert.equal(web?.externalTrafficPolicy, 'Local');
      assert.equal(web?.affinitySeconds, 60);
      assert.deepEqual(web?.sourceRanges, [{ family: 4, address: '198.51.100.0', length: 24 }]);
    });

    test('reads requests by our annotations, by those of MetalLB and from the spec', async (source, view) => {
      await source.put([
        service(
          'ours',
          {},
          {
            'fairlead.dev/addresses': '192.0.2.7',
            'fairlead.dev/pool': 'lan',
            'fairlead.dev/share-key': 'a',
          },
        ),
        service(
          'metallb',
          {},
          {
            'metallb.io/loadBalancerIPs': '192.0.2.8',
            'metallb.io/address-pool': 'lan',
            'metallb.universe.tf/allow-shared-ip': 'b',
          },
        ),
        service('spec', { loadBalancerIP: '192.0.2.9' }),
      ]);
      const state = await view.until('all Services', ({ services }) => services.length === 3);
      const requests = state.services.map((one) => [
        one.name,
        one.requestedAddresses,
        one.requestedPool,
        one.shareKey,
      ]);
      assert.deepEqual(
        new Set(requests),
        new Set([
          ['ours', ['192.0.2.7'], 'lan', 'a'],
          ['metallb', ['192.0.2.8'], 'lan', 'b'],
          ['spec', ['192.0.2.9'], undefined, undefined],
        ]),
      );
    });

    test('reads nodes with their internal addresses, readiness and exclusion', async (source, view) => {
      await source.put([
        node('node-1', [address('192.0.2.11'), address('203.0.113.1', 'ExternalIP')]),
        node('node-2', [address('192.0.2.12')], { ready: 'False' }),
        node('node-3', [address('192.0.2.13')], {
          labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' },
        }),
      ]);
      // An API server takes a node first and its status then.
      const state = await view.until(
        'three nodes with addresses',
        ({ nodes }) => nodes.length === 3 && nodes.every(({ addresses }) => addresses.length > 0),
      );
      const nodes = state.nodes.map((one) => [one.name, one.addresses, one.ready, one.excluded]);
      assert.deepEqual(nodes, [
        ['node-1', ['192.0.2.11'], true, false],
        ['node-2', ['192.0.2.12'], false, false],
        ['node-3', ['192.0.2.13'], true, true],
      ]);
    });

    test('reads pools and announcements with their defaults', async (source, view) => {
      await source.put([
        pool('lan', ['192.0.2.0/28', '2001:db8::-2001:db8::ff']),
        announcement('front', { pools: ['lan'], interfaces: ['eth*'] }),
      ]);
      const state = await view.until(
        'both',
        ({ pools, announcements }) => pools.length === 1 && announcements.length === 1,
      );
      const [lan] = state.pools;
      assert.deepEqual(
        lan?.ranges.map(({ family, first, last }) => [family, last - first + 1n]),
        [
          [4, 16n],
          [6, 256n],
        ],
      );
      assert.equal(lan?.autoAssign, true);
      assert.equal(lan?.skipEdges, false);
      assert.deepEqual(state.announcements[0]?.interfaces, ['eth*']);
    });

    test('leaves addresses that two pools hold with one of them and says so', async (source, view) => {
      await source.put([pool('a', ['192.0.2.0/28']), pool('b', ['192.0.2.8-192.0.2.31'])]);
      const state = await view.until('both pools', ({ pools }) => pools.length === 2);
      const problem = state.problems.find(({ object }) => object === 'AddressPool/b');
      assert.equal(problem?.field, 'spec.addresses[0]');
      assert.equal(problem?.value, '192.0.2.8-192.0.2.31');
      assert.match(problem.message, /192\.0\.2\.8-192\.0\.2\.15 with AddressPool\/a/u);
      const [, b] = state.pools;
      assert.deepEqual(
        b?.ranges.map(({ first, last }) => last - first + 1n),
        [16n],
      );
    });

    test('names pools that hold the address of a node', async (source, view) => {
      await source.put([pool('lan', ['192.0.2.0/28']), node('node-1', [address('192.0.2.11')])]);
      const state = await view.until(
        'both',
        ({ pools, nodes }) => pools.length === 1 && nodes[0]?.addresses.length === 1,
      );
      const problem = state.problems.find(({ object }) => object === 'AddressPool/lan');
      assert.match(problem?.message ?? '', /192\.0\.2\.11 of Node\/node-1/u);
    });
  });
}
