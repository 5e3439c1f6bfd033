import type { Evidence, Witness } from '../measure/witness.ts';
import { monotonicMs } from '../monotonic-clock.ts';
import type { ObservedCluster } from '../standalone/observed-cluster.ts';
import type { Expectation, OwnershipFault } from './ownership-fault.ts';

/** A fault that was played from its blow to the rest after it. Moments are `monotonicMs`. */
export interface Trial {
  readonly evidence: Evidence;
  /** The names of the nodes that are not the owner. */
  readonly others: readonly string[];
  /** Nothing was broken before. */
  readonly beganMs: number;
  /** From here on it was, and had had its effect. */
  readonly brokenMs: number;
  /** Nothing was healed before. */
  readonly healedMs: number;
  /** All was as in the beginning. */
  readonly settledMs: number;
}

const usualQuestions = 100;

export interface PlayOptions {
  /** Let long faults last as long as in a soak. */
  readonly soak?: boolean;
}

/** Plays a fault on a cluster that has settled, and watches. @throws where it never has its effect, or nothing settles after it */
export async function playFault(
  cluster: ObservedCluster,
  fault: OwnershipFault,
  { soak = false }: PlayOptions = {},
): Promise<Trial> {
  const expected = fault.expect(cluster.nodes.length);
  const { questions = usualQuestions, soakQuestions = questions } = fault;
  await using witness = await cluster.witness({ traffic: expected.lost !== 'unwatched' });
  const beganMs = monotonicMs();
  const heal = await fault.strike(cluster);
  await hasEffect(cluster, witness, expected, beganMs);
  const brokenMs = monotonicMs();
  await witness.asks(soak ? soakQuestions : questions);
  const healedMs = monotonicMs();
  await heal();
  await cluster.settled();
  // Agents may say so before their switch has found them again.
  await witness.sees([cluster.owner], healedMs);
  const settledMs = monotonicMs();
  await witness.asks(usualQuestions);
  const evidence = await witness.end();
  const others = cluster.others.map(({ name }) => name);
  return { evidence, others, beganMs, brokenMs, healedMs, settledMs };
}

async function hasEffect(
  { others }: ObservedCluster,
  witness: Witness,
  { during }: Expectation,
  beganMs: number,
): Promise<void> {
  switch (during) {
    case 'others':
    case 'each side':
      return witness.sees(others, beganMs);
    case 'nobody':
      return witness.seesNobody();
    case 'owner':
    case 'foreign':
    case 'anybody':
      return;
    default:
      during satisfies never;
  }
}
