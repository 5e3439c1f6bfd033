import { readFileSync } from 'node:fs';
import { libc } from './ffi.ts';
import { check } from './system-error.ts';

/** madvise(2) */
const adviceDontNeed = 4;

/** Part of the address space of a process, as proc_pid_smaps(5) shows it. */
export interface Mapping {
  readonly start: bigint;
  /** Bytes. */
  readonly size: number;
  /** As in `r-xp`. */
  readonly permissions: string;
  /** A file, a name in brackets, or empty. */
  readonly what: string;
  /** Memory that this process alone has, and that is in no file: kB. */
  readonly anonymousKb: number;
}

const headLine =
  /^(?<start>[0-9a-f]+)-(?<end>[0-9a-f]+) (?<permissions>\S{4}) \S+ \S+ \d+ *(?<what>.*)$/u;
const anonymousLine = /^Anonymous: +(?<kb>\d+) kB$/u;

/** @throws SyntaxError where an amount stands before the first mapping */
export function parseSmaps(text: string): Mapping[] {
  const mappings: Mapping[] = [];
  for (const line of text.split('\n')) {
    const { start, end, permissions = '', what = '' } = headLine.exec(line)?.groups ?? {};
    if (start !== undefined) {
      const first = BigInt(`0x${start}`);
      const size = Number(BigInt(`0x${end}`) - first);
      mappings.push({ start: first, size, permissions, what, anonymousKb: 0 });
      continue;
    }
    const { kb } = anonymousLine.exec(line)?.groups ?? {};
    if (kb === undefined) continue;
    const last = mappings.pop();
    if (last === undefined) throw new SyntaxError(`smaps begins with ${JSON.stringify(line)}`);
    mappings.push({ ...last, anonymousKb: Number(kb) });
  }
  return mappings;
}

/** Programs and libraries that nothing was ever written to: all of it is in the page cache too. */
function isUntouchedFile({ permissions, what, anonymousKb }: Mapping): boolean {
  return what.startsWith('/') && /^r-[-x]p$/u.test(permissions) && anonymousKb === 0;
}

/**
 * Gives back what only the start of a program needed: pages of its executable and its libraries, and
 * what malloc(3) keeps for later. A page that is used again comes back from the page cache by a minor
 * fault of about a microsecond. Nothing that was written is touched. Takes some ten milliseconds.
 * @throws SystemError
 */
export function releaseColdMemory(): void {
  libc.malloc_trim(0);
  const cold = parseSmaps(readFileSync('/proc/self/smaps', 'utf8')).filter(isUntouchedFile);
  for (const { start, size, what } of cold) {
    check(libc.madvise(start, size, adviceDontNeed), 'madvise', what);
  }
}
