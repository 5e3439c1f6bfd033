import { hash32, weightedRendezvousOrder } from '@fairlead/ip';
import type { LoadBalancerService } from '@fairlead/cluster';
import { jumpHash } from './jump-hash.ts';
import type { Place } from './ledger.ts';
import type { UsableRange } from './usable-range.ts';

/** A home is within the first 2^31 addresses of a range, which is as far as the hash goes. */
const mostPositions = 2n ** 31n;

/**
 * Where in the ranges of a pool a Service wants to live, the preferred place first, one for each range.
 * Homes follow from its name alone (from its share key, if it has one, so that those that share meet
 * there): neither other Services nor other pools move them. A range that is added takes over its share of
 * homes and moves no others; a range that grows at its end likewise.
 */
export function* homesOf(
  service: LoadBalancerService,
  ranges: readonly UsableRange[],
): Generator<Place, void> {
  const key =
    service.shareKey === undefined ? `Service/${service.key}` : `share-key/${service.shareKey}`;
  const seed = (BigInt(hash32(key)) << 32n) | BigInt(hash32(`${key}/position`));
  for (const range of inOrderOfPreference(key, ranges)) {
    const positions = range.size < mostPositions ? range.size : mostPositions;
    yield { range, address: range.first + BigInt(jumpHash(seed, Number(positions))) };
  }
}

function inOrderOfPreference(key: string, ranges: readonly UsableRange[]): readonly UsableRange[] {
  if (ranges.length < 2) return ranges;
  const byName = new Map(ranges.map((range) => [range.name, range]));
  const weights = [...byName].map(([name, range]) => ({ name, weight: Number(range.size) }));
  return weightedRendezvousOrder(key, weights).flatMap((name) => byName.get(name) ?? []);
}
