import type { ObservedCluster } from '../standalone/observed-cluster.ts';

/** Takes a fault back, as far as it does not end by itself. */
export type Heal = () => void | Promise<void>;

/** Something that breaks while node a answers for two addresses, and what must come of it. */
export interface OwnershipFault {
  /** As in `--faults NAME`. */
  readonly name: string;
  /** What happens and what follows, in one line. */
  readonly title: string;
  /** With fewer nodes it cannot happen; default 1. */
  readonly leastNodes?: number;
  /** How long it lasts once it has had its effect, in questions of the observer, of which there are 200 a second; default 100. */
  readonly questions?: number;
  /** In a soak, where that is longer. */
  readonly soakQuestions?: number;
  /** Breaks it. Resolves once it is broken, and where somebody has to notice, once that is so. */
  readonly strike: (cluster: ObservedCluster) => Promise<Heal>;
  /** What is right with so many nodes. */
  readonly expect: (nodes: number) => Expectation;
}

export interface Expectation {
  /**
   * Who answers for each address once the fault has had its effect, until it is healed:
   * - `owner`: node a, and nobody else
   * - `others`: one other node, and not a
   * - `each side`: node a and one other node, which cannot know of each other
   * - `foreign`: for the first address the host called `foreign`, for all others node a
   * - `nobody`
   * - `anybody`: that changes while it lasts
   * When all is healed and has settled it is node a alone, always.
   */
  readonly during: 'owner' | 'others' | 'each side' | 'foreign' | 'nobody' | 'anybody';
  /**
   * Everybody who answered from the beginning to the end, one after the other; a stale answer would be one more.
   * Undefined where just after the healing two may answer: a node that heard nobody must, until it hears somebody.
   */
  readonly owners?: readonly ('owner' | 'other')[];
  /** Which questions may go unanswered. */
  readonly unanswered: Allowance;
  /** Which datagrams may be lost; TCP repeats what it lost, and no connection breaks. `unwatched` = none are sent. */
  readonly lost: Allowance | 'unwatched';
}

/** When something may go wrong: never, from the blow to the first answer of another node, or until all has settled. */
export type Allowance = 'none' | 'until taken over' | 'while it lasts';

/** Nothing happens at all. */
export const unnoticed = {
  during: 'owner',
  owners: ['owner'],
  unanswered: 'none',
  lost: 'none',
} as const satisfies Expectation;

/** Handed over and back with an answer at any time. */
export const handedOver = {
  during: 'others',
  owners: ['owner', 'other', 'owner'],
  unanswered: 'none',
  lost: 'none',
} as const satisfies Expectation;

/** The owner is found dead, and what goes through it is lost until then. */
export const takenOver = {
  during: 'others',
  unanswered: 'until taken over',
  lost: 'until taken over',
} as const satisfies Expectation;

/** There is nobody who could take over. */
export const nobodyLeft = {
  during: 'nobody',
  unanswered: 'while it lasts',
  lost: 'while it lasts',
} as const satisfies Expectation;
