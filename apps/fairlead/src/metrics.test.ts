import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderMetrics } from './metrics.ts';

test('a family has its help, its type and one line a sample', () => {
  const text = renderMetrics([
    {
      name: 'heartbeats_dropped_total',
      help: 'Heartbeats that were not believed.',
      type: 'counter',
      samples: [
        { labels: { interface: 'eth0', reason: 'bad "mac"\n' }, value: 3 },
        { labels: { interface: 'eth0', reason: 'a\\b' }, value: 18_446_744_073_709_551_615n },
      ],
    },
    { name: 'up', help: 'Always 1.', type: 'gauge', samples: [{ value: 1 }] },
  ]);
  assert.equal(
    text,
    [
      '# HELP fairlead_heartbeats_dropped_total Heartbeats that were not believed.',
      '# TYPE fairlead_heartbeats_dropped_total counter',
      String.raw`fairlead_heartbeats_dropped_total{interface="eth0",reason="bad \"mac\"\n"} 3`,
      String.raw`fairlead_heartbeats_dropped_total{interface="eth0",reason="a\\b"} 18446744073709551615`,
      '# HELP fairlead_up Always 1.',
      '# TYPE fairlead_up gauge',
      'fairlead_up 1',
      '',
    ].join('\n'),
  );
});
