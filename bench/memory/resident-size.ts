import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Of all processes together, MiB. */
export interface Sizes {
  /** Over some seconds in which nothing happens. */
  readonly resident: readonly number[];
  /** Since they started. */
  readonly highest: number;
}

/** Who has memory to give back looks for that every five seconds, and rests for thirty after it. */
const SETTLE_MS = 40_000;
const SAMPLES = 20;
const SAMPLE_EVERY_MS = 500;

/** Samples processes at rest, by groups. */
export async function sampleSizes<Name extends string>(
  groups: Readonly<Record<Name, readonly number[]>>,
): Promise<Readonly<Record<Name, Sizes>>> {
  await pause(SETTLE_MS);
  const entries = Object.entries(groups) as [Name, readonly number[]][];
  const samples = new Map(entries.map(([name]) => [name, [] as number[]]));
  for (let sample = 0; sample < SAMPLES; sample++) {
    for (const [name, pids] of entries) {
      samples.get(name)?.push(...pids.map((pid) => mebibytes(pid, 'VmRSS')));
    }
    await pause(SAMPLE_EVERY_MS);
  }
  const sizes = entries.map(([name, pids]): [Name, Sizes] => {
    const highest = Math.max(...pids.map((pid) => mebibytes(pid, 'VmHWM')));
    return [name, { resident: samples.get(name) ?? [], highest }];
  });
  return Object.fromEntries(sizes) as Record<Name, Sizes>;
}

/** proc_pid_status(5) */
function mebibytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kb = new RegExp(`^${field}:\\s+(?<kb>\\d+) kB$`, 'mu').exec(status)?.groups?.['kb'];
  if (kb === undefined) throw new Error(`process ${pid} has no ${field}`);
  return Number(kb) / 1024;
}
