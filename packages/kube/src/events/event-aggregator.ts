/** An object that an event is about (core/v1 ObjectReference, what is needed of it). */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly uid?: string | undefined;
}

/** What happened, in words. */
export interface EventFact {
  readonly regarding: EventSubject;
  readonly type: 'Normal' | 'Warning';
  /** UpperCamelCase, for machines: `AddressConflict`. */
  readonly reason: string;
  /** What was being done, UpperCamelCase: `Allocate`. */
  readonly action: string;
  readonly note: string;
}

/** What to write now. `count` is of the whole series, and 1 with a new one. */
export interface EventWrite {
  readonly key: string;
  readonly fact: EventFact;
  readonly count: number;
}

export interface AggregationLimits {
  /** New events about one object in a row. */
  readonly burst: number;
  /** Until one more is allowed, ms. */
  readonly refillMs: number;
  /** A fact that has not come again for so long begins a new series. */
  readonly seriesMs: number;
  /** Between two writes of a series whose fact keeps coming; doubles up to `seriesMs`. */
  readonly repeatMs: number;
  /** Series remembered; the oldest is forgotten. */
  readonly series: number;
}

/** Five minutes and 25 are client-go's spam filter; six its series. */
export const defaultLimits: AggregationLimits = {
  burst: 25,
  refillMs: 300_000,
  seriesMs: 360_000,
  repeatMs: 10_000,
  series: 4_096,
};

interface Series {
  readonly fact: EventFact;
  count: number;
  written: number;
  seenMs: number;
  dueMs: number;
  pauseMs: number;
}

interface Bucket {
  tokens: number;
  filledMs: number;
}

/** Turns what happens over and over into few writes. Pure but for what it remembers; time is passed in, ms. */
export class EventAggregator {
  readonly #limits: AggregationLimits;
  readonly #series = new Map<string, Series>();
  readonly #buckets = new Map<string, Bucket>();
  #dropped = 0;

  constructor(limits: AggregationLimits = defaultLimits) {
    this.#limits = limits;
  }

  /** Events that were too many. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @returns what to write at once, undefined where it is counted only */
  add(fact: EventFact, nowMs: number): EventWrite | undefined {
    const { regarding, type, reason, action, note } = fact;
    const subject = [
      regarding.apiVersion,
      regarding.kind,
      regarding.namespace ?? '',
      regarding.name,
      regarding.uid ?? '',
    ].join('\0');
    const key = [subject, type, reason, action, note].join('\0');
    const known = this.#series.get(key);
    if (known !== undefined && nowMs - known.seenMs < this.#limits.seriesMs) {
      known.count += 1;
      known.seenMs = nowMs;
      // At the end of the map is what was seen last.
      this.#series.delete(key);
      this.#series.set(key, known);
      return undefined;
    }
    if (!this.#take(subject, nowMs)) {
      this.#dropped += 1;
      return undefined;
    }
    const pauseMs = this.#limits.repeatMs;
    this.#series.delete(key);
    this.#series.set(key, {
      fact,
      count: 1,
      written: 1,
      seenMs: nowMs,
      dueMs: nowMs + pauseMs,
      pauseMs,
    });
    this.#trim();
    return { key, fact, count: 1 };
  }

  /** Series of which more has happened than is written, and whose time it is. */
  due(nowMs: number): readonly EventWrite[] {
    const writes: EventWrite[] = [];
    for (const [key, series] of this.#series) {
      if (series.count > series.written && series.dueMs <= nowMs) {
        series.written = series.count;
        series.pauseMs = Math.min(series.pauseMs * 2, this.#limits.seriesMs);
        series.dueMs = nowMs + series.pauseMs;
        writes.push({ key, fact: series.fact, count: series.count });
      } else if (nowMs - series.seenMs >= this.#limits.seriesMs) {
        this.#series.delete(key);
      }
    }
    return writes;
  }

  /** When `due` may have something: ms, undefined where nothing waits. */
  nextDueMs(): number | undefined {
    let next: number | undefined;
    for (const { count, written, dueMs } of this.#series.values()) {
      if (count > written) next = Math.min(next ?? Infinity, dueMs);
    }
    return next;
  }

  #take(subject: string, nowMs: number): boolean {
    const { burst, refillMs, series } = this.#limits;
    const bucket = this.#buckets.get(subject) ?? { tokens: burst, filledMs: nowMs };
    const earned = Math.floor((nowMs - bucket.filledMs) / refillMs);
    bucket.tokens = Math.min(burst, bucket.tokens + earned);
    bucket.filledMs = bucket.tokens === burst ? nowMs : bucket.filledMs + earned * refillMs;
    this.#buckets.delete(subject);
    this.#buckets.set(subject, bucket);
    if (this.#buckets.size > series) removeFirst(this.#buckets);
    if (bucket.tokens === 0) return false;
    bucket.tokens -= 1;
    return true;
  }

  #trim(): void {
    if (this.#series.size > this.#limits.series) removeFirst(this.#series);
  }
}

function removeFirst(map: Map<string, unknown>): void {
  const [first] = map.keys();
  if (first !== undefined) map.delete(first);
}
