import type { ServiceKey } from '@fairlead/cluster';
import fc from 'fast-check';
import { entryKey } from '../entry-key.ts';
import type { LandEntry, LandPlan } from '../plan.ts';
import { allowedSources } from '../source-prefixes.ts';
import { address, prefix, self } from './example-cluster.ts';

const family = fc.constantFrom(4, 6);

/** Few addresses, ports and pods, so that plans have much in common. */
const entries: fc.Arbitrary<LandEntry> = family.chain((version) => {
  const [ours, pods, ranges] =
    version === 4
      ? ['198.51.100.', '10.244.1.', ['10.0.0.0/8', '203.0.113.7/32', '203.0.113.0/24']]
      : ['2001:db8:100::', 'fd00:244::', ['2001:db8::/32', '2001:db8:3::1/128', 'fc00::/7']];
  const podList = fc
    .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom(8080, 8081)), {
      minLength: 1,
      maxLength: 4,
      selector: ([at, port]) => `${at} ${port}`,
    })
    .map((list) => list.map(([at, port]) => ({ address: address(`${pods}${at}`), port })));
  return fc.record({
    address: fc.integer({ min: 1, max: 3 }).map((at) => address(`${ours}${at}`)),
    protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
    port: fc.constantFrom(53, 80),
    service: fc.constant('default/any' as ServiceKey),
    pods: podList,
    sources: fc
      .subarray(ranges)
      .map((list) => allowedSources(list.map(prefix), version === 4 ? 4 : 6)),
    affinitySeconds: fc.constantFrom(undefined, 90, 10_800),
  });
});

/** For the tests: any plan. */
export const landPlans: fc.Arbitrary<LandPlan> = fc
  .record({
    announcingInterfaces: fc.subarray(['eth0', 'eth1', 'br-lan.7']),
    entries: fc.uniqueArray(entries, { maxLength: 8, selector: entryKey }),
    answering: fc.subarray(['198.51.100.1', '2001:db8:100::1']),
  })
  .map(({ announcingInterfaces, entries, answering }) => ({
    node: self,
    announcingInterfaces,
    addresses: [...new Set(entries.map(({ address }) => address))],
    answering: answering.map(address),
    entries: entries.toSorted((a, b) => (entryKey(a) < entryKey(b) ? -1 : 1)),
    problems: [],
  }));

/** Equal entries become the same object, as those of a Service are that has not changed. */
export function sharingEntries(plans: readonly LandPlan[]): readonly LandPlan[] {
  const known = new Map<string, LandEntry>();
  return plans.map((plan) => ({
    ...plan,
    entries: plan.entries.map((entry) =>
      known.getOrInsertComputed(JSON.stringify(entry), () => entry),
    ),
  }));
}
