import type { IpAddress, MacAddress } from '@fairlead/ip';
import type { Answer, Observation } from './observation.ts';

/** From one moment to another, `monotonicMs`. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A time in which one MAC address kept answering, from its first answer to its last. */
export interface Ownership extends Span {
  readonly mac: MacAddress;
}

/** How long an owner may say nothing without having stopped: three questions of the observer's, by default. */
const defaultPauseMs = 20;

/** How long after the next question an answer may come: frames on their way may have to wait for a processor. */
const lateMs = 50;

/** The answers for one address, in order of time. */
export function answersFor(observations: readonly Observation[], address: IpAddress): Answer[] {
  return observations
    .filter((one): one is Answer => one.kind === 'answer' && one.address === address)
    .sort((a, b) => a.atMs - b.atMs);
}

/**
 * Who answered for an address and when, by when they began.
 * @param pauseMs An owner silent for longer has stopped; what it answers then is a new ownership.
 */
export function ownershipsOf(
  observations: readonly Observation[],
  address: IpAddress,
  pauseMs = defaultPauseMs,
): Ownership[] {
  const ended: Ownership[] = [];
  const current = new Map<MacAddress, Ownership>();
  for (const { mac, atMs } of answersFor(observations, address)) {
    const open = current.get(mac);
    const goesOn = open !== undefined && atMs - open.toMs <= pauseMs;
    if (open !== undefined && !goesOn) ended.push(open);
    current.set(mac, { mac, fromMs: goesOn ? open.fromMs : atMs, toMs: atMs });
  }
  return [...ended, ...current.values()].sort((a, b) => a.fromMs - b.fromMs);
}

/**
 * When two or more MAC addresses answered for the same address at a time. A hand-over after which the old
 * owner says nothing more has none, however close the two are.
 */
export function twoOwnerSpans(
  observations: readonly Observation[],
  address: IpAddress,
  pauseMs = defaultPauseMs,
): Span[] {
  const merged: Span[] = [];
  let previous: Span | undefined;
  for (const { fromMs, toMs } of ownershipsOf(observations, address, pauseMs)) {
    if (previous !== undefined && fromMs <= previous.toMs) {
      const overlap = { fromMs, toMs: Math.min(toMs, previous.toMs) };
      const last = merged.at(-1);
      if (last === undefined || overlap.fromMs > last.toMs) merged.push(overlap);
      else merged[merged.length - 1] = { ...last, toMs: Math.max(last.toMs, overlap.toMs) };
    }
    // The one that ends last is what a later ownership can overlap.
    if (previous === undefined || toMs > previous.toMs) previous = { fromMs, toMs };
  }
  return merged;
}

/**
 * The longest time without an answer inside `within`, from its beginning or an answer to the next answer or
 * its end. It is at least the time between two questions.
 */
export function longestSilence(
  observations: readonly Observation[],
  address: IpAddress,
  within: Span,
): Span {
  return longestSpanBetween(
    answersFor(observations, address).map(({ atMs }) => atMs),
    within,
  );
}

/**
 * When the observer asked for an address and nobody answered, or only much later. Answers do not say to which
 * question: as a host answers each but once, those that were held up are enough in number, and one that was lost
 * is missed. The last question does not count: it may be under way.
 */
export function unansweredQuestions(
  observations: readonly Observation[],
  address: IpAddress,
): number[] {
  const asked = observations.filter(({ kind }) => kind === 'asked').map(({ atMs }) => atMs);
  const byHost = Map.groupBy(answersFor(observations, address), ({ mac }) => mac);
  const answered = new Set(
    Array.from(byHost.values(), (answers) => questionsOf(answers, asked)).flat(),
  );
  return asked.slice(0, -1).filter((_, index) => !answered.has(index));
}

/** Which questions a host has answered, by their numbers: with each answer the latest that it had not yet. */
function questionsOf(answers: readonly Answer[], asked: readonly number[]): number[] {
  const answered = new Set<number>();
  let next = 0;
  for (const { atMs } of answers) {
    while ((asked[next] ?? Infinity) <= atMs) next++;
    let question = next - 1;
    while (answered.has(question)) question--;
    if (question >= 0 && atMs - (asked[question + 1] ?? Infinity) <= lateMs) answered.add(question);
  }
  return [...answered];
}

/**
 * The longest time in which the observer itself did not ask: a silence not much longer than this shows
 * nothing about the owners.
 */
export function longestUnasked(observations: readonly Observation[], within: Span): Span {
  const asked = observations.filter(({ kind }) => kind === 'asked').map(({ atMs }) => atMs);
  return longestSpanBetween(asked, within);
}

/** Answers of one that should not have answered any more: one that was frozen, say, after its fence ran out. */
export function answersAfter(
  observations: readonly Observation[],
  mac: MacAddress,
  afterMs: number,
): Answer[] {
  return observations.filter(
    (one): one is Answer => one.kind === 'answer' && one.mac === mac && one.atMs > afterMs,
  );
}

export function durationMs({ fromMs, toMs }: Span): number {
  return toMs - fromMs;
}

/** The longest of some spans in ms; 0 where there is none. */
export function longestMs(spans: readonly Span[]): number {
  return Math.max(0, ...spans.map(durationMs));
}

function longestSpanBetween(moments: readonly number[], { fromMs, toMs }: Span): Span {
  const inside = moments.filter((atMs) => atMs > fromMs && atMs < toMs).sort((a, b) => a - b);
  let longest: Span = { fromMs, toMs: fromMs };
  let last = fromMs;
  for (const atMs of [...inside, toMs]) {
    if (atMs - last > durationMs(longest)) longest = { fromMs: last, toMs: atMs };
    last = atMs;
  }
  return longest;
}
