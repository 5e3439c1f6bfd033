import { agentDeaths, agentFaults } from './agent-faults.ts';
import { interfaceFaults } from './interface-faults.ts';
import { neighbourFaults } from './neighbour-faults.ts';
import { cableCut, networkFaults } from './network-faults.ts';
import type { OwnershipFault } from './ownership-fault.ts';

export type { Allowance, Expectation, OwnershipFault } from './ownership-fault.ts';
export { playFault, type PlayOptions, type Trial } from './play-fault.ts';
export { faultsOf } from './verdict.ts';

/** The commonest ones: a cut cable, a dead agent, a frozen one. */
export const commonFaults: readonly OwnershipFault[] = [cableCut, ...agentDeaths];

/** All faults of ownership that Fairlead is tried with; the commonest first. */
export const ownershipFaults: readonly OwnershipFault[] = [
  ...commonFaults,
  ...agentFaults,
  ...networkFaults,
  ...neighbourFaults,
  ...interfaceFaults,
];

/** Those among them that can happen to so many nodes. */
export function faultsFor(nodes: number): OwnershipFault[] {
  return ownershipFaults.filter(({ leastNodes = 1 }) => leastNodes <= nodes);
}
