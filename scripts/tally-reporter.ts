import type { TestEvent } from 'node:test/reporters';

/** What a run of node:test came to. */
export interface Tally {
  readonly passed: number;
  /** Each test that failed: `file: name`, and why. */
  readonly failures: readonly string[];
}

const MAX_LINES = 30;

/** A reporter of node:test that writes only a `Tally`, of tests but not of suites. */
// eslint-disable-next-line import/no-default-export -- node:test loads a reporter by its default export
export default async function* tally(source: AsyncIterable<TestEvent>): AsyncIterable<string> {
  let passed = 0;
  const failures: string[] = [];
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    if (event.data.details.type === 'suite') continue;
    if (event.type === 'test:pass') passed += 1;
    else {
      const { file = '', name, details } = event.data;
      const { cause, message } = details.error;
      failures.push(
        `${file}: ${name}: ${shortened(cause instanceof Error ? cause.message : message)}`,
      );
    }
  }
  yield JSON.stringify({ passed, failures } satisfies Tally);
}

/** The first lines: enough to see what differed. */
function shortened(message: string): string {
  const lines = message.split('\n').filter((line) => line.trim() !== '');
  const shown = lines.slice(0, MAX_LINES);
  if (lines.length > MAX_LINES) shown.push(`… ${lines.length - MAX_LINES} lines more`);
  return shown.join('\n      ');
}
