import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(import.meta.resolve('./testdata/exit.ts'));

/** How a process ended whose worker was blocked in poll(2); undefined where it had to be killed. */
function exitStatus(how: string, signalled: boolean): number | undefined {
  const result = spawnSync(process.execPath, [script, how, ...(signalled ? ['signalled'] : [])], {
    timeout: 5000,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  });
  if (how === 'throw') {
    assert.match(result.stderr, /Error: uncaught/);
  }
  return result.status ?? undefined;
}

for (const signalled of [true, false]) {
  const wake = signalled ? 'an event descriptor' : 'nothing';
  test(`process.exit() while a worker is blocked, with ${wake} to wake it`, () => {
    assert.equal(exitStatus('exit', signalled), 3);
  });
  test(`an uncaught error while a worker is blocked, with ${wake} to wake it`, () => {
    assert.equal(exitStatus('throw', signalled), 1);
  });
  test(`ending a worker that is blocked, with ${wake} to wake it`, () => {
    assert.equal(exitStatus('terminate', signalled), 4);
  });
}
