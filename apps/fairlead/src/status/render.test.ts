import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderStatus } from './render.ts';
import type { StatusSnapshot } from './snapshot.ts';

const STATUS: StatusSnapshot = {
  version: '0.1.0',
  node: 'a',
  clusterId: 'edge',
  source: '/etc/fairlead/cluster.yaml',
  uptimeMs: 7_300_000,
  services: [
    {
      service: 'default/web',
      externalTrafficPolicy: 'Local',
      ports: ['80/TCP', '443/TCP'],
      addresses: [
        {
          address: '192.0.2.100',
          pool: 'lan',
          interface: 'eth0',
          owner: 'b',
          ownedMs: 350,
          here: 'passes on to the owner',
        },
      ],
      pods: [
        { node: '', count: 1 },
        { node: 'b', count: 2 },
      ],
      problems: [],
    },
    {
      service: 'default/dns',
      externalTrafficPolicy: 'Cluster',
      ports: ['53/UDP'],
      addresses: [],
      pods: [],
      problems: [
        {
          object: 'Service/default/dns',
          field: 'metadata.annotations[fairlead.dev/addresses]',
          value: '10.0.0.1',
          message: 'No AddressPool holds this address. Ask for another.',
        },
      ],
    },
  ],
  nodes: [
    { node: 'a', self: true, live: true, interfaces: ['eth0'], addressesOwned: 0 },
    { node: 'b', self: false, live: false, interfaces: [], addressesOwned: 1 },
  ],
  segments: [
    {
      interface: 'eth0',
      standing: 'joining',
      waiting: 'It has just started.',
      members: [{ node: 'b', live: false, standing: 'active', heardMs: undefined }],
      problems: ['Heartbeats of b are blocked. Open UDP port 7476.'],
    },
  ],
  problems: [{ object: 'Node/a', field: '', value: '', message: 'Something is off. Mend it.' }],
};

test('a Service without an address: what is below, or who knows more', () => {
  const [, dns] = STATUS.services;
  assert.ok(dns !== undefined);
  assert.match(renderStatus({ ...STATUS, services: [dns] }), /no address: see below/u);
  assert.match(
    renderStatus({ ...STATUS, services: [{ ...dns, problems: [] }] }),
    /no address: kubectl --namespace default describe service dns says why/u,
  );
});

test('an agent that has decided nothing does not say that there is nothing', () => {
  assert.match(
    renderStatus({ ...STATUS, clusterId: '', services: [] }),
    /Nothing has been decided yet/u,
  );
});

test('the status says who owns what, who is there, and what to mend', () => {
  assert.equal(
    renderStatus(STATUS),
    `Node a, Fairlead 0.1.0, up 2h, objects from /etc/fairlead/cluster.yaml

SERVICE      ADDRESS      PORTS           POLICY   OWNER   SINCE  PODS             ON THIS NODE
default/web  192.0.2.100  80/TCP,443/TCP  Local    b       350ms  <no node>:1 b:2  passes on to the owner
default/dns  <none>       53/UDP          Cluster  <none>  -      none             no address: see below

NODE      LIVE  INTERFACES  ADDRESSES
a (this)  yes   eth0        0
b         no    -           1

Segment eth0: this node is joining. It has just started.
  b  not live  active  never heard

Problems
  Segment eth0: Heartbeats of b are blocked. Open UDP port 7476.
  Service/default/dns metadata.annotations[fairlead.dev/addresses] "10.0.0.1": No AddressPool holds this address. Ask for another.
  Node/a: Something is off. Mend it.
`,
  );
});

test('an empty cluster says so', () => {
  const empty = { ...STATUS, services: [], nodes: [], segments: [], problems: [] };
  assert.match(renderStatus(empty), /No Service of type LoadBalancer\./);
  assert.match(renderStatus(empty), /No interface of this node is on a segment of a pool\./);
  assert.doesNotMatch(renderStatus(empty), /Problems/);
});

test('of a whole cluster it says what the agents have reported', () => {
  const cluster: StatusSnapshot = {
    ...STATUS,
    node: undefined,
    source: 'https://192.0.2.2:6443/',
    uptimeMs: undefined,
    nodes: [
      {
        node: 'b',
        self: false,
        live: true,
        interfaces: ['eth0', 'eth1'],
        addressesOwned: 1,
        agent: '0.1.0, active',
      },
    ],
    segments: [],
    problems: [],
  };
  const [title, , head, ...rest] = renderStatus(cluster).split('\n');
  assert.equal(title, 'The whole cluster, as https://192.0.2.2:6443/ has it');
  assert.match(head ?? '', / STATE$/u);
  assert.ok(rest.includes('b     yes   eth0,eth1   1          0.1.0, active'), rest.join('\n'));
  assert.doesNotMatch(rest.join('\n'), /segment/iu);
});
