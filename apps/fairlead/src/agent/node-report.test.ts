import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AnnouncePlan, SegmentSummary } from '@fairlead/announce';
import type { NodeName, ServiceKey } from '@fairlead/cluster';
import type { IpAddress, MacAddress } from '@fairlead/ip';
import type { InterfaceAddress } from '@fairlead/linux';
import { bucketOf } from '@fairlead/membership';
import { nodeReport, type NodeReportInput } from './node-report.ts';

const ours = '192.0.2.100' as IpAddress;
const mac = '52:54:00:00:00:01' as MacAddress;

const announce: AnnouncePlan = {
  segments: [
    {
      interfaceName: 'eth0',
      interfaceIndex: 2,
      mac,
      ports: [2],
      twins: [],
      addresses: [],
      peers: [],
      announcements: [
        { id: 0, name: '', candidates: undefined, preferred: undefined },
        { id: 7, name: 'front', candidates: undefined, preferred: undefined },
      ],
      claims: [],
    },
  ],
  interfaces: [{ name: 'eth0', index: 2, mac }],
  problems: [],
};

function segment(
  standing: SegmentSummary['standing'],
  answering: readonly IpAddress[],
): SegmentSummary {
  const held = { announcement: 7, count: answering.length, buckets: answering.map(bucketOf) };
  const none = answering.length === 0;
  return {
    interfaceName: 'eth0',
    standing,
    waiting: undefined,
    members: [],
    held: none ? [] : [held],
    conflicts: [],
    problems: [],
    counters: {},
  };
}

function address(text: string, more: Partial<InterfaceAddress> = {}): InterfaceAddress {
  return {
    interfaceIndex: 2,
    address: text as IpAddress,
    prefixLength: 24,
    scope: 'global',
    tentative: false,
    dadFailed: false,
    deprecated: false,
    linkLocal: false,
    ...more,
  };
}

const input: NodeReportInput = {
  version: '0.1.0',
  self: 'a' as NodeName,
  announce,
  addresses: [
    address('192.0.2.11'),
    address('10.0.0.1', { interfaceIndex: 3 }),
    address('192.0.2.12', { dadFailed: true }),
  ],
  gateways: [],
  segments: [segment('active', [ours])],
  problems: [],
  attach: 'tcx',
  previous: undefined,
  now: new Date('2026-01-01T00:00:00Z'),
};

test('a node reports its interfaces and, by Announcement, the buckets that it answers for', () => {
  const { held, interfaces, class: standing, dataPath } = nodeReport(input);
  assert.deepEqual(interfaces, [{ name: 'eth0', mac, addresses: ['192.0.2.11/24'] }]);
  assert.equal(standing, 'Active');
  assert.deepEqual(dataPath, { attach: 'TCX', landing: true });
  assert.equal(held.length, 1);
  const [{ buckets, ...rest } = { buckets: '' }] = held;
  assert.deepEqual(rest, {
    announcement: 'front',
    interface: 'eth0',
    count: 1,
    since: '2026-01-01T00:00:00.000Z',
  });
  const bytes = Buffer.from(buckets, 'base64');
  const set = Array.from({ length: 1024 }, (_, bucket) => bucket).filter(
    (bucket) => ((bytes[bucket >> 3] ?? 0) >> (bucket & 7)) & 1,
  );
  assert.deepEqual(set, [bucketOf(ours)]);
});

test('what is held is held since it changed last', () => {
  const first = nodeReport(input);
  const later = { ...input, previous: first, now: new Date('2026-01-01T00:01:00Z') };
  assert.deepEqual(nodeReport(later), first);
  const more = nodeReport({ ...later, segments: [segment('active', [])] });
  assert.deepEqual(more.held, []);
});

test('a node that is on no segment takes no part', () => {
  assert.equal(nodeReport({ ...input, segments: [] }).class, 'Out');
  assert.equal(nodeReport({ ...input, segments: [segment('joining', [])] }).class, 'Joining');
});

test('what the schema does not take is left out or cut', () => {
  const message = 'x'.repeat(5000);
  const problems = Array.from({ length: 100 }, () => ({
    object: 'Node/a',
    field: '',
    value: '',
    message,
  }));
  const report = nodeReport({ ...input, problems });
  assert.equal(report.problems.length, 64);
  assert.equal(report.problems[0]?.message.length, 2048);
});

test('a foreign host that uses an address comes before all other problems', () => {
  const stranger = '02:00:00:00:00:99' as MacAddress;
  const services = ['default/web', 'default/api'] as ServiceKey[];
  const conflicts = [{ address: ours, mac: stranger, services }];
  const problems = [{ object: 'Node/a', field: '', value: '', message: 'Something else.' }];
  const segments = [{ ...segment('active', []), conflicts }];
  const report = nodeReport({ ...input, segments, problems });
  assert.deepEqual(
    report.problems.map(({ object, value }) => [object, value]),
    [
      ['Service/default/web', ours],
      ['Service/default/api', ours],
      ['Node/a', ''],
    ],
  );
  assert.match(report.problems[0]?.message ?? '', /02:00:00:00:00:99 uses it too, seen on eth0/u);
});

test('what is wrong on a segment is told, with its interface', () => {
  const segments = [{ ...segment('out', []), problems: ['Its sockets cannot be opened.'] }];
  assert.deepEqual(nodeReport({ ...input, segments }).problems, [
    {
      object: 'Node/a',
      field: 'interfaces',
      value: 'eth0',
      message: 'Its sockets cannot be opened.',
    },
  ]);
});
