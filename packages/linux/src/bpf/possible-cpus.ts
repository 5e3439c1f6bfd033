import { readFileSync } from 'node:fs';

let cpus: number | undefined;

/** How many CPUs this kernel may ever have, present or not: per-CPU values are kept for all of them. */
export function possibleCpus(): number {
  cpus ??= countCpus(readFileSync('/sys/devices/system/cpu/possible', 'latin1'));
  return cpus;
}

/** The number of CPUs in a list as the kernel writes it: `0-3,8` is five. */
export function countCpus(list: string): number {
  return list
    .trim()
    .split(',')
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
}
