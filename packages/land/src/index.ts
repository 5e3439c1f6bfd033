export { decideLanding, type LandFacts } from './decide.ts';
export { LandDriver, type LandReport, type NftablesAccess } from './land-driver.ts';
export { LandError } from './land-error.ts';
export type { LandEntry, LandPlan, LandPod } from './plan.ts';
