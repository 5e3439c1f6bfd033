import type { SimulatedNode } from './simulated-node.ts';
import type { Stage } from './stage.ts';

/** Agents have found each other and share the addresses by then. */
export const settledMs = 800;

/** What a fault costs at most: see the checks. */
export type Cost =
  /** Nothing: no address is unanswered, nor answered twice for longer than a hand-over takes. */
  | 'nothing'
  /** Somebody has to be found dead before others answer. */
  | 'detection'
  /** Two answer as long as it lasts: nobody can tell the fault from a death. */
  | 'limit';

/** What is done to a settled segment. */
export interface FaultClass {
  readonly name: string;
  readonly leastNodes: number;
  readonly cost: Cost;
  /** It may happen together with another fault. */
  readonly pairs?: true;
  /** Plays the fault; returns the nodes whose own buckets may move. */
  readonly play: (stage: Stage) => readonly SimulatedNode[];
}

/** When a fault begins. */
export const faultAtMs = (stage: Stage): number => settledMs + stage.world.random.between(100, 300);
