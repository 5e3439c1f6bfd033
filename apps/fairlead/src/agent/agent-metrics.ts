import type { ResponderCounters, SegmentSummary } from '@fairlead/announce';
import type { SteerCounters } from '@fairlead/steer';
import type { Metric, Sample } from '../metrics.ts';

export interface MetricsInput {
  readonly version: string;
  readonly node: string;
  /** How many have an address. */
  readonly services: number;
  /** How many things have to be mended, but for those that are the segments'. */
  readonly problems: number;
  readonly segments: readonly SegmentSummary[];
  readonly responder: ResponderCounters;
  readonly steer: SteerCounters;
  readonly land: ReadonlyMap<string, number>;
}

/** Everything an agent counts, by family. */
export function agentMetrics(input: MetricsInput): Metric[] {
  const { version, node, services, segments, responder, land } = input;
  const { steered, ...outcomes } = input.steer;
  return [
    {
      name: 'build_info',
      help: 'Always 1; the version is a label.',
      type: 'gauge',
      samples: [{ labels: { version, node }, value: 1 }],
    },
    {
      name: 'problems',
      help: 'Things that a person has to mend; fairlead status says which.',
      type: 'gauge',
      samples: [{ value: countProblems(input) }],
    },
    {
      name: 'services',
      help: 'Services of type LoadBalancer that have an address.',
      type: 'gauge',
      samples: [{ value: services }],
    },
    {
      name: 'addresses_answered',
      help: 'Addresses that this node answers ARP or NDP for.',
      type: 'gauge',
      samples: segments.map(({ interfaceName, held }) => ({
        labels: { interface: interfaceName },
        value: held.reduce((sum, { count }) => sum + count, 0),
      })),
    },
    {
      name: 'members_live',
      help: 'Nodes of the segment that are live, this one included.',
      type: 'gauge',
      samples: segments.map(({ interfaceName, members }) => ({
        labels: { interface: interfaceName },
        value: 1 + members.filter(({ live }) => live).length,
      })),
    },
    {
      name: 'heartbeats_total',
      help: 'Heartbeats by what became of them.',
      type: 'counter',
      samples: segments.flatMap(({ interfaceName, counters }) =>
        samples(counters, 'outcome', { interface: interfaceName }),
      ),
    },
    {
      name: 'responder_frames_total',
      help: 'ARP and NDP frames that the kernel judged, by what became of them.',
      type: 'counter',
      samples: samples(responder, 'outcome'),
    },
    {
      name: 'steer_packets_total',
      help: 'Packets to ports of ours that were not handed over plainly, by why.',
      type: 'counter',
      samples: samples(outcomes, 'outcome'),
    },
    {
      name: 'steer_handed_over_packets_total',
      help: 'Packets handed over to another node.',
      type: 'counter',
      samples: Array.from(steered, ([node, value]) => ({ labels: { to: node }, value })),
    },
    {
      name: 'land_packets_total',
      help: 'Packets to addresses of ours that reached this node, by what became of them.',
      type: 'counter',
      samples: samples(Object.fromEntries(land), 'outcome'),
    },
  ];
}

function countProblems({ problems, segments }: MetricsInput): number {
  const perSegment = segments.map((segment) => segment.problems.length + segment.conflicts.length);
  return perSegment.reduce((sum, count) => sum + count, problems);
}

function samples(
  counts: Readonly<Record<string, number | bigint>>,
  label: string,
  labels: Readonly<Record<string, string>> = {},
): Sample[] {
  return Object.entries(counts).map(([name, value]) => ({
    labels: { ...labels, [label]: name },
    value,
  }));
}
