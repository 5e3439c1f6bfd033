import type { History } from './history.ts';

/** The worst of the histories of one kind. */
export interface Worst {
  readonly kind: string;
  histories: number;
  outageMs: number;
  outageSeed: number;
  overlapMs: number;
  overlapSeed: number;
}

/** What kind of circumstances a history belongs to. */
function kindOf({ circumstances }: History): string {
  const { faults, loss, load } = circumstances;
  const [first] = faults;
  const fault = faults.length === 1 && first !== undefined ? first.name : 'two faults';
  const scheduler = load === 'busy-plain' ? ', no SCHED_RR' : '';
  return `${fault}${scheduler}${loss > 0 ? ', loss' : ''}`;
}

/** Adds a history to the worst of its kind. */
export function addWorst(all: Map<string, Worst>, history: History): void {
  const kind = kindOf(history);
  const { seed } = history.circumstances;
  const worst = all.get(kind) ?? {
    kind,
    histories: 0,
    outageMs: 0,
    outageSeed: seed,
    overlapMs: 0,
    overlapSeed: seed,
  };
  all.set(kind, worst);
  worst.histories += 1;
  if (history.outageMs > worst.outageMs) {
    worst.outageMs = history.outageMs;
    worst.outageSeed = seed;
  }
  if (history.overlapMs > worst.overlapMs) {
    worst.overlapMs = history.overlapMs;
    worst.overlapSeed = seed;
  }
}

/** Joins what several workers found. */
export function mergeWorst(all: Map<string, Worst>, more: Iterable<Worst>): void {
  for (const worst of more) {
    const present = all.get(worst.kind);
    if (present === undefined) {
      all.set(worst.kind, { ...worst });
      continue;
    }
    present.histories += worst.histories;
    if (worst.outageMs > present.outageMs) {
      present.outageMs = worst.outageMs;
      present.outageSeed = worst.outageSeed;
    }
    if (worst.overlapMs > present.overlapMs) {
      present.overlapMs = worst.overlapMs;
      present.overlapSeed = worst.overlapSeed;
    }
  }
}

/** One line for each kind. */
export function formatWorst(all: Iterable<Worst>): string {
  return [...all]
    .sort((a, b) => (a.kind < b.kind ? -1 : 1))
    .map(
      (worst) =>
        `${worst.kind.padEnd(58)}${String(worst.histories).padStart(6)} histories` +
        `  outage ${worst.outageMs.toFixed(0).padStart(4)} ms (seed ${worst.outageSeed})` +
        `  two owners ${worst.overlapMs.toFixed(0).padStart(4)} ms (seed ${worst.overlapSeed})`,
    )
    .join('\n');
}
