import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { KubernetesControlPlane } from '@fairlead/lab/kubernetes';
import {
  announcement,
  nodeReport,
  pool,
  type SampleObject,
} from '../conformance/sample-objects.ts';
import { applyCrds, clientOf, follow, startCluster } from '../testing/real-cluster.ts';

let cluster: KubernetesControlPlane;

before(async () => {
  cluster = await startCluster();
  await applyCrds(cluster);
});
after(async () => await cluster[Symbol.asyncDispose]());

/** What kubectl says to a person who creates this; empty where it is taken. */
async function complaint(object: SampleObject): Promise<string> {
  const input = JSON.stringify(object);
  const args = ['create', '--dry-run=server', '--validate=strict', '-f', '-'];
  const { code, stderr } = await cluster.kubectl(args, { input, mayFail: true });
  return code === 0 ? '' : stderr;
}

describe('the API server takes', () => {
  const good = [
    pool('a', ['192.0.2.0/24', '192.0.2.7/32', '198.51.100.10 - 198.51.100.20', '2001:db8::/64']),
    pool('b', ['2001:db8::1-2001:db8::ff', '2001:db8::192.0.2.1-2001:db8::192.0.2.9'], {
      priority: 1,
      namespaces: ['web'],
      skipEdges: true,
    }),
    announcement('c', { pools: ['a'], interfaces: ['eth*', 'bond[0-9]', 'en[!a-c]?'] }),
    nodeReport('d', [{ name: 'eth0', mac: '52:54:00:00:00:01', addresses: ['192.0.2.11/24'] }]),
  ];
  for (const object of good) {
    it(`${object.kind}/${object.metadata.name}`, async () => {
      assert.equal(await complaint(object), '');
    });
  }
});

describe('the API server refuses', () => {
  const bad: readonly (readonly [string, SampleObject, ...RegExp[]])[] = [
    [
      'an inverted range',
      pool('a', ['192.0.2.0/24', '192.0.2.20-192.0.2.10']),
      /spec\.addresses\[1\]/u,
      /192\.0\.2\.20-192\.0\.2\.10/u,
      /must have its lower end first/u,
    ],
    [
      'host bits',
      pool('a', ['192.0.2.1/24']),
      /spec\.addresses\[0\]/u,
      /192\.0\.2\.1\/24/u,
      /must have no bits set behind its prefix length/u,
    ],
    [
      'ends of two families',
      pool('a', ['192.0.2.1-2001:db8::1']),
      /spec\.addresses\[0\]/u,
      /192\.0\.2\.1-2001:db8::1/u,
      /must have both ends of one family/u,
    ],
    [
      'one address without a length',
      pool('a', ['192.0.2.1']),
      /spec\.addresses\[0\]/u,
      /"192\.0\.2\.1"/u,
      /is written 192\.0\.2\.7\/32/u,
    ],
    ...[
      ' 192.0.2.10-192.0.2.20',
      '192.0.2.10-192.0.2.20\n',
      '192.0.2.20\n-192.0.2.10',
      '192.0.2.10\t-192.0.2.20',
      '192.0.2.10\u00A0-192.0.2.20',
    ].map((range) => {
      const what = `${JSON.stringify(range)}, as our code does`;
      return [what, pool('a', [range]), /spec\.addresses\[0\]/u, /must be a network/u] as const;
    }),
    [
      'a text that is too long',
      pool('a', [`192.0.2.1-${'0'.repeat(100)}192.0.2.2`]),
      /spec\.addresses\[0\]/u,
      /Too long/u,
      /96/u,
    ],
    [
      'too many ranges',
      pool('a', Array<string>(65).fill('192.0.2.0/32')),
      /spec\.addresses/u,
      /64/u,
    ],
    ['a pool without addresses', pool('a', []), /spec\.addresses/u, /at least 1/u],
    [
      'a field that there is not',
      pool('a', ['192.0.2.0/24'], { autoAsign: false }),
      /unknown field "spec\.autoAsign"/u,
    ],
    ['a priority of 0', pool('a', ['192.0.2.0/24'], { priority: 0 }), /spec\.priority/u, /0/u],
    ...['bond[0-9', 'bond[]', 'bond0]'].map((glob) => {
      const object = announcement('c', { interfaces: ['eth0', glob] });
      return [glob, object, /spec\.interfaces\[1\]/u, /must close each \[ with \]/u] as const;
    }),
    [
      'a MAC address in another form',
      nodeReport('d', [{ name: 'eth0', mac: '5254.0000.0001', addresses: [] }]),
      /status\.interfaces\[0\]\.mac/u,
      /5254\.0000\.0001/u,
    ],
  ];
  for (const [what, object, ...expected] of bad) {
    it(what, async () => {
      const text = await complaint(object);
      for (const pattern of expected) assert.match(text, pattern);
    });
  }
});

it('what it cannot judge becomes a problem of that object alone', async () => {
  const inverted = pool('bad', ['2001:db8::20-2001:db8::10', '192.0.2.0/28']);
  for (const object of [inverted, pool('good', ['198.51.100.0/28'])]) {
    await cluster.kubectl(['create', '-f', '-'], { input: JSON.stringify(object) });
  }
  using client = await clientOf(cluster);
  await using followed = follow(client, 'controller');
  const { state } = await followed.updates.until(
    'both pools',
    (update) => update.state?.pools.length === 2,
  );
  const problem = state?.problems.find(({ object }) => object === 'AddressPool/bad');
  assert.deepEqual(
    [problem?.field, problem?.value],
    ['spec.addresses[0]', '2001:db8::20-2001:db8::10'],
  );
  assert.match(
    problem?.message ?? '',
    /write 2001:db8::10-2001:db8::20\. It is used with its ends in order\.$/u,
  );
  assert.deepEqual(
    state?.pools.map(({ name, ranges }) => [name, ranges.length]),
    [
      ['bad', 2],
      ['good', 1],
    ],
  );
});
