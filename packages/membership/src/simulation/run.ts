import { check } from './checks.ts';
import { circumstancesOf, play } from './history.ts';
import { replayCommand } from './replay.ts';
import { addWorst, type Worst } from './statistics.ts';

/** The result of many histories. */
export interface RunResult {
  /** What went wrong, each with how to see it again. */
  readonly failures: readonly string[];
  readonly worst: readonly Worst[];
}

/** Plays the seeds, and checks each history. */
export function runHistories(seeds: Iterable<number>): RunResult {
  const failures: string[] = [];
  const worst = new Map<string, Worst>();
  for (const seed of seeds) {
    const history = play(circumstancesOf(seed));
    addWorst(worst, history);
    const found = check(history);
    if (found.length === 0) continue;
    const fault = history.circumstances.faults.map(({ name }) => name).join(' and ');
    failures.push(`seed ${seed}, ${fault}: ${found.join('; ')}\n  ${replayCommand(seed)}`);
  }
  return { failures, worst: [...worst.values()] };
}

/** Seeds from `first` on, every `step`th. */
export function* seedRange(first: number, count: number, step = 1): Generator<number> {
  for (let index = 0; index < count; index++) yield first + index * step;
}
