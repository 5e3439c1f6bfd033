export { allocate, type Withheld } from './allocate.ts';
export type { Assigned } from './keep-assigned.ts';
export type { Cooling } from './ledger.ts';
export { poolUsages, type PoolUsage, type Usage } from './pool-usage.ts';
export { publishedAllocations } from './published.ts';
