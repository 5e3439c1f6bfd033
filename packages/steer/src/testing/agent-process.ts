import { SteerDriver, type SteerOptions } from '../apply/driver.ts';
import type { SteerPlan, SteerSegment } from '../plan.ts';

/** What an agent of its own process shall do until it is killed. */
export interface AgentOrder {
  readonly options: SteerOptions;
  readonly plan: SteerPlan;
  readonly segments: readonly SteerSegment[];
}

const { options, plan, segments } = JSON.parse(process.argv[2] ?? '') as AgentOrder;
const driver = SteerDriver.open(options);
const problems = driver.apply(plan, segments);
process.send?.(problems);
setInterval(() => driver.apply(plan, segments), 5);
