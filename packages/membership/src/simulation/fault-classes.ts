import { agentFaults } from './agent-faults.ts';
import type { FaultClass } from './fault-class.ts';
import { networkFaults } from './network-faults.ts';

/** All that is tried. A seed picks by the order, so that a new class belongs to the end of its list. */
export const faultClasses: readonly FaultClass[] = [...agentFaults, ...networkFaults];
