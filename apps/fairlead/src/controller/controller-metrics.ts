import type { ClusterState } from '@fairlead/cluster';
import type { Metric } from '../metrics.ts';
import type { Counts, PoolFindings } from './pool-status.ts';

export interface ControllerMetricsInput {
  readonly version: string;
  readonly leading: boolean;
  readonly state: ClusterState | undefined;
  /** Known to the leader only. */
  readonly pools: ReadonlyMap<string, PoolFindings>;
  readonly writes: Metric['samples'];
  readonly waiting: number;
  /** Infinite before the first time. */
  readonly ageMs: number;
  readonly eventsDropped: number;
}

/** Everything that a controller counts, by family. */
export function controllerMetrics(input: ControllerMetricsInput): Metric[] {
  const { state, pools, ageMs } = input;
  return [
    {
      name: 'build_info',
      help: 'Always 1; the version is a label.',
      type: 'gauge',
      samples: [{ labels: { version: input.version }, value: 1 }],
    },
    {
      name: 'leader',
      help: '1 where this replica leads, else 0.',
      type: 'gauge',
      samples: [{ value: Number(input.leading) }],
    },
    {
      name: 'services',
      help: 'Services of type LoadBalancer that are ours and can be used.',
      type: 'gauge',
      samples: state === undefined ? [] : [{ value: state.services.length }],
    },
    {
      name: 'problems',
      help: 'Things that a person has to mend; conditions and events say which.',
      type: 'gauge',
      samples: state === undefined ? [] : [{ value: state.problems.length }],
    },
    {
      name: 'pool_addresses',
      help: 'Addresses of a pool; those of the leader only.',
      type: 'gauge',
      samples: Array.from(pools).flatMap(([pool, { ipv4, ipv6 }]) =>
        countSamples(pool, 'IPv4', ipv4).concat(countSamples(pool, 'IPv6', ipv6)),
      ),
    },
    {
      name: 'api_writes_total',
      help: 'Writes to the API server, without events and the Lease, by what became of them.',
      type: 'counter',
      samples: input.writes,
    },
    {
      name: 'queue_length',
      help: 'Things that wait to be written.',
      type: 'gauge',
      samples: [{ value: input.waiting }],
    },
    {
      name: 'view_age_seconds',
      help: 'How long ago the view was surely what the API server had.',
      type: 'gauge',
      samples: Number.isFinite(ageMs) ? [{ value: ageMs / 1000 }] : [],
    },
    {
      name: 'events_dropped_total',
      help: 'Events that were too many to write.',
      type: 'counter',
      samples: [{ value: input.eventsDropped }],
    },
  ];
}

function countSamples(pool: string, family: string, counts: Counts | undefined): Metric['samples'] {
  if (counts === undefined) return [];
  const sample = (state: string, value: bigint) => ({ labels: { pool, family, state }, value });
  return [sample('used', BigInt(counts.used)), sample('free', BigInt(counts.free))];
}
