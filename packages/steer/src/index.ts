export type { SteerCounters } from './apply/counters.ts';
export { SteerDriver, type SteerOptions } from './apply/driver.ts';
export { decideSteering, type SteerFacts } from './decide.ts';
export type { SteerPeer, SteerPlan, SteerSegment } from './plan.ts';
