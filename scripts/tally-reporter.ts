import type { TestEvent } from 'node:test/reporters';

/** A reporter of node:test that writes only `{passed, failed}`, counting tests but not suites. */
// eslint-disable-next-line import/no-default-export -- node:test loads a reporter by its default export
export default async function* tally(source: AsyncIterable<TestEvent>): AsyncIterable<string> {
  let passed = 0;
  let failed = 0;
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue;
    if (event.data.details.type === 'suite') continue;
    if (event.type === 'test:pass') passed += 1;
    else failed += 1;
  }
  yield JSON.stringify({ passed, failed });
}
