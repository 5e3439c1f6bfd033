export { allocate, type Assigned } from './allocate.ts';
