import { parseMac } from '@fairlead/ip';
import { addBucket, noBuckets, type BucketSet } from '../bucket-set.ts';
import { nodeClass, type Heartbeat } from './heartbeat.ts';

/** A set of these buckets. */
export function bucketSet(...buckets: readonly number[]): BucketSet {
  const set = noBuckets();
  for (const bucket of buckets) addBucket(set, bucket);
  return set;
}

const mac = parseMac('02:00:00:00:00:0a');

/** A heartbeat of an owner that hears one peer; for tests. */
export const sampleBeat: Heartbeat = {
  version: 1,
  minimumVersion: 1,
  node: 'node-a',
  incarnation: 0xcafe0001,
  sequence: 42,
  intervalMs: 75,
  deadAfterMs: 300,
  class: nodeClass.active,
  alone: false,
  fresh: true,
  liveCount: 2,
  macs: mac === undefined ? [] : [mac],
  peers: [
    {
      id: 0x01020304,
      incarnation: 7,
      heard: 41,
      live: { sequence: 41, ageMs: 12, class: nodeClass.joining, deadAfterMs: 300 },
    },
  ],
  holdings: [{ announcement: 0, held: bucketSet(1, 2, 900), offered: bucketSet(2) }],
};
