import type { Allowance, Expectation } from './ownership-fault.ts';
import type { Trial } from './play-fault.ts';

/** Node a's name. */
const OWNER = 'a';
const FOREIGN = 'foreign';
/** The sender's clock and the kernel's stamp of the answer that ended an outage are read apart. */
const READ_APART_MS = 20;

/** All that is not as expected, in words; empty where all is. Owners, order and loss are judged, and no durations. */
export function faultsOf(trial: Trial, expected: Expectation): string[] {
  return [
    ...wrongOwners(trial, expected),
    ...wrongOrder(trial, expected),
    ...wrongSilence(trial, expected),
    ...wrongLoss(trial, expected),
  ];
}

function wrongOwners(trial: Trial, { during, owners }: Expectation): string[] {
  const { evidence, healedMs, settledMs } = trial;
  const wrong: string[] = [];
  // A known order says it all: a hand-over has a moment in which both answer.
  const answering =
    owners === undefined
      ? Object.entries(evidence.answering(effectMs(trial, during), healedMs))
      : [];
  for (const [index, [address, names]] of answering.entries()) {
    if (isRight(during, names, trial.others, index === 0)) continue;
    wrong.push(`while it lasted ${list(names)} answered for ${address}, expected: ${during}`);
  }
  for (const [address, names] of Object.entries(evidence.answering(settledMs))) {
    if (names.join() === OWNER) continue;
    wrong.push(`when all had settled ${list(names)} answered for ${address}, not ${OWNER} alone`);
  }
  return wrong;
}

/** Since when it is to be seen who answers while the fault lasts. */
function effectMs(
  { evidence, others, beganMs, brokenMs }: Trial,
  during: Expectation['during'],
): number {
  return during === 'others' || during === 'each side'
    ? evidence.takenOverMs(others, beganMs)
    : brokenMs;
}

function isRight(
  during: Expectation['during'],
  names: readonly string[],
  others: readonly string[],
  first: boolean,
): boolean {
  const known = names.filter((name) => others.includes(name)).length;
  switch (during) {
    case 'owner':
      return names.join() === OWNER;
    case 'others':
      return names.length === 1 && known === 1;
    case 'each side':
      return names.length === 2 && known === 1 && names.includes(OWNER);
    case 'foreign':
      return names.join() === (first ? FOREIGN : OWNER);
    case 'nobody':
      return names.length === 0;
    case 'anybody':
      return names.every((name) => name === OWNER || others.includes(name));
    default:
      return during satisfies never;
  }
}

function wrongOrder({ evidence, others }: Trial, { owners: expected }: Expectation): string[] {
  if (expected === undefined) return [];
  return Object.entries(evidence.owners()).flatMap(([address, owners]) => {
    const seen = owners.map((name) => {
      if (others.includes(name)) return 'other';
      return name === OWNER ? 'owner' : name;
    });
    if (seen.join() === expected.join()) return [];
    return [`${address} was answered for by ${list(owners)}, expected: ${expected.join(', ')}`];
  });
}

function wrongSilence(trial: Trial, { unanswered }: Expectation): string[] {
  const silent = trial.evidence.unanswered(allowedSpan(trial, unanswered));
  if (silent.length === 0) return [];
  const [first, last] = [Math.min(...silent), Math.max(...silent)].map((atMs) => when(trial, atMs));
  return [
    `${silent.length} questions were not answered, the first ${first}, the last ${last}; allowed: ${unanswered}`,
  ];
}

/** A moment in words. */
function when({ beganMs, healedMs, settledMs }: Trial, atMs: number): string {
  const after = (fromMs: number): string => `${(atMs - fromMs).toFixed(0)} ms`;
  if (atMs < beganMs) return `${after(beganMs)} before`;
  if (atMs < healedMs) return `${after(beganMs)} after it began`;
  if (atMs < settledMs) return `${after(healedMs)} after it was healed`;
  return `${after(settledMs)} after all had settled`;
}

function wrongLoss(trial: Trial, { lost }: Expectation): string[] {
  if (lost === 'unwatched') return [];
  const { evidence } = trial;
  const wrong: string[] = [];
  const span = allowedSpan(trial, lost);
  const runs = span === undefined ? 0 : evidence.lostOutside(span);
  if (runs > 0) wrong.push(`packets were lost ${runs} times when none may be, allowed: ${lost}`);
  for (const [flow, count] of Object.entries(evidence.lost())) {
    if (lost !== 'none' && flow.startsWith('udp')) continue;
    wrong.push(`${flow} lost ${count} packets`);
  }
  for (const [flow, error] of Object.entries(evidence.errors())) {
    wrong.push(`${flow} ended with ${error}`);
  }
  return wrong;
}

/** When something may go wrong; undefined = never. */
function allowedSpan(trial: Trial, allowance: Allowance) {
  const { evidence, others, beganMs, settledMs } = trial;
  const fromMs = beganMs - READ_APART_MS;
  switch (allowance) {
    case 'none':
      return undefined;
    case 'until taken over':
      return { fromMs, toMs: evidence.takenOverMs(others, beganMs) + READ_APART_MS };
    case 'while it lasts':
      return { fromMs, toMs: settledMs + READ_APART_MS };
    default:
      return allowance satisfies never;
  }
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'nobody' : names.join(', ');
}
