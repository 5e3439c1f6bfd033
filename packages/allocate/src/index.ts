export { allocate, type Assigned } from './allocate.ts';
export { publishedAllocations } from './published.ts';
