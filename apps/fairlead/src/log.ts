import { destination, pino, type Logger } from 'pino';
import type { Problem } from '@fairlead/cluster';

export type Log = Logger;

/** Of what could not be written yet, in bytes: more is lost. */
const MOST_UNWRITTEN = 1 << 20;

/** JSON lines on standard output, written at once so that a crash loses none; `base` is in each of them. */
export function createLog(level: string, base: Readonly<Record<string, string>>): Log {
  const output = destination({ fd: 1, sync: true, maxLength: MOST_UNWRITTEN });
  // A disk that is full must not end what serves packets.
  output.on('error', () => {});
  return pino({ level, base }, output);
}

/** Says each problem once when it appears and once when it is mended, however often it is decided. */
export class ProblemLog {
  readonly #log: Log;
  #present = new Map<string, Problem>();

  constructor(log: Log) {
    this.#log = log;
  }

  update(problems: readonly Problem[]): void {
    const next = new Map(problems.map((problem) => [textOf(problem), problem]));
    for (const [key, { object, field, value, message }] of next) {
      if (!this.#present.has(key)) this.#log.warn({ object, field, value }, message);
    }
    for (const [key, { object, field, value }] of this.#present) {
      if (!next.has(key)) this.#log.info({ object, field, value }, 'mended');
    }
    this.#present = next;
  }
}

const texts = new WeakMap<Problem, string>();

/** Most problems are there in each round, the same objects. */
function textOf(problem: Problem): string {
  return texts.getOrInsertComputed(problem, JSON.stringify);
}
