import { writeSync } from 'node:fs';

/** Writes a record as one line to standard output, at once: a killed tool has lost nothing. */
export function printLine(record: object): void {
  printLines([record]);
}

/** The same for many at once. */
export function printLines(records: readonly object[]): void {
  writeSync(1, records.map((each) => `${JSON.stringify(each)}\n`).join(''));
}
